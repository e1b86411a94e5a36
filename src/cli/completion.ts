/**
 * `kakehi completion`: the script by which a shell completes this program's commands, options and live names.
 */
import { Argument, type Command } from "commander";
import { COMPLETION_SCRIPTS } from "./completion-scripts.ts";
import { showExample } from "./help.ts";
import { print } from "./output.ts";

export function declare(command: Command): void {
  showExample(
    command,
    "kakehi completion bash > ~/.local/share/bash-completion/completions/kakehi",
    "source <(kakehi completion bash)",
    "kakehi completion zsh > ~/.zfunc/_kakehi",
    "kakehi completion fish > ~/.config/fish/completions/kakehi.fish",
  );
  const shell = new Argument("<shell>", "The shell that reads it.").choices(Object.keys(COMPLETION_SCRIPTS));
  command.addArgument(shell).action((name: string) => print(COMPLETION_SCRIPTS[name]!));
}
