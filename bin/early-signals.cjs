/**
 * Keeps the signals that come before the program is loaded: by their default they would end it, which an upgrade of
 * main must not risk (`main/upgrade/`). Who takes them over calls the function that is left (`cli/signals.ts`).
 * For a proxy and its workers alone: other commands end by their signals. To be understood by any Node.
 */
"use strict";
var SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2"];
/** Options before the command that have a value. */
var WITH_VALUE = ["--socket", "--timeout"];
/** Of each signal; more would say nothing more. */
var KEPT_MAX = 2;

function commandOf(args) {
  for (var index = 0; index < args.length; index++) {
    if (WITH_VALUE.indexOf(args[index]) >= 0) index++;
    else if (args[index][0] !== "-") return args[index];
  }
  return "";
}

function keepSignals() {
  var kept = [];
  function keep(signal) {
    var same = kept.filter(function (one) {
      return one === signal;
    });
    if (same.length < KEPT_MAX) kept.push(signal);
  }
  SIGNALS.forEach(function (signal) {
    process.on(signal, keep);
  });
  global[Symbol.for("kakehi.early-signals")] = function () {
    SIGNALS.forEach(function (signal) {
      process.removeListener(signal, keep);
    });
    return kept;
  };
}

if (["run", "worker-process"].indexOf(commandOf(process.argv.slice(2))) >= 0) keepSignals();
