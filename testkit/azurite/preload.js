// Changes of the emulator that its options do not offer. Run by `node -r`, before the emulator.
// Its limits are plain exports which it reads at each request, so setting them here is enough.
"use strict";

const constants = require("./node_modules/azurite/dist/src/blob/utils/constants.js");

const number = (name) => Number(process.env[name] || 0);

if (number("AZURITE_MAX_BLOCKS")) {
  constants.MAX_APPEND_BLOB_BLOCK_COUNT = number("AZURITE_MAX_BLOCKS");
}
if (number("AZURITE_MAX_BLOCK_BYTES")) {
  constants.MAX_APPEND_BLOB_BLOCK_SIZE = number("AZURITE_MAX_BLOCK_BYTES");
}

// Every refused append leaves its body behind. The sweep for these comes each 10 minutes, costs
// the square of their number, and nothing is answered meanwhile (27 s for 6,000). Memory is freed
// at the end anyway.
constants.DEFAULT_GC_INTERVAL_MS = 2 ** 31 - 1;

// An emulator whose tests were killed ends too.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(0), 1000).unref();
