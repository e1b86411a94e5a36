/**
 * The first JavaScript that runs. It must be understood by any Node, however old: `var`, no modules, no syntax
 * of this decade. It checks the version, and only then loads what needs it.
 */
var NODE_VERSION_MIN = [24, 12, 0];

function isOlder(version, wanted) {
  for (var index = 0; index < wanted.length; index++) {
    if (version[index] !== wanted[index]) return version[index] < wanted[index];
  }
  return false;
}

if (isOlder(process.versions.node.split(".").map(Number), NODE_VERSION_MIN)) {
  process.stderr.write(
    "kakehi needs Node " +
      NODE_VERSION_MIN.join(".") +
      " or newer, and this is Node " +
      process.versions.node +
      " (" +
      process.execPath +
      "). In a checkout, `npm ci` brings the right one; elsewhere see https://nodejs.org\n",
  );
  process.exitCode = 1;
} else {
  require("./early-signals.cjs");
  require("./load.cjs");
}
