/**
 * The scripts that make a shell ask `kakehi complete` at each Tab. They only carry words to it and candidates
 * back: nothing of either is ever read as shell code.
 */

/** Arrays of lines keep what is in them: there is no `eval`, and no `compgen -W`, which expands its words. */
const BASH = String.raw`# Completion of kakehi for bash 4.4 and newer.
_kakehi() {
  local found program="\${1/#\~\//"$HOME"/}" line="\${COMP_LINE:0:COMP_POINT}"
  mapfile -t found < <("$program" complete bash "$COMP_WORDBREAKS" "$line" 2>/dev/null)
  if [[ \${found[0]} == files ]]; then
    compopt -o default
    COMPREPLY=()
  else
    COMPREPLY=("\${found[@]:1}")
  fi
}
complete -F _kakehi kakehi
`;

const ZSH = String.raw`#compdef kakehi
# Completion of kakehi for zsh.
_kakehi() {
  # A quote that opens within a word would be inserted twice.
  [[ $words[CURRENT] == --*=[\'\"]* ]] && return 1
  local program=\${(Q)words[1]}
  local -a before=("\${(@Q)words[2,CURRENT-1]}") found
  found=("\${(@f)$("\${program/#\~\//$HOME/}" complete -- "\${before[@]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  if [[ $found[1] == files ]]; then
    _files
  else
    shift found
    compset -P '--*=' && found=("\${found[@]#*=}")
    compadd -- "\${found[@]}"
  fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _kakehi "$@"
else
  compdef _kakehi kakehi
fi
`;

const FISH = String.raw`# Completion of kakehi for fish.
function __kakehi_complete
  set -l words (commandline --tokenize --current-process --cut-at-cursor)
  set -l typed (commandline --current-token --cut-at-cursor)
  set -l plain (string unescape -- "$typed"); or set plain "$typed"
  set -l found ($words[1] complete -- $words[2..] "$plain" 2>/dev/null)
  if test "$found[1]" = files
    __fish_complete_path "$plain"
  else
    printf '%s\n' $found[2..]
  end
end
complete --command kakehi --no-files --arguments '(__kakehi_complete)'
`;

/** By shell. In the texts above, `\${` is how a template string is told that this `${` is the shell's. */
export const COMPLETION_SCRIPTS: Readonly<Record<string, string>> = {
  bash: BASH.replaceAll("\\${", "${"),
  zsh: ZSH.replaceAll("\\${", "${"),
  fish: FISH,
};
