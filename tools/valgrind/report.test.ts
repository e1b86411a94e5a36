import assert from "node:assert/strict";
import { test } from "node:test";
import { findFaults } from "./report.ts";

const REPORT = `==7== Memcheck, a memory error detector
==7== Command: node program.ts
==7== 
==7== Invalid read of size 8
==7==    at 0x1C54B59: SSL_read (in node)
==7==  Address 0x8c9d0a0 is 0 bytes after a block of size 16 alloc'd
==7== 
==7== HEAP SUMMARY:
==7==     in use at exit: 4,202,020 bytes in 40,022 blocks
==7== 
==7== 96 bytes in 3 blocks are definitely lost in loss record 2 of 4
==7==    at 0x1DE0D5E: CRYPTO_zalloc (in node)
==7== 
==7== 36,528 bytes in 1,004 blocks are indirectly lost in loss record 3 of 4
==7==    at 0x1DE0D5E: CRYPTO_zalloc (in node)
==7== 
==7== 96,207 (1,784 direct, 94,423 indirect) bytes in 1,000 blocks are definitely lost in loss record 4 of 4
==7==    at 0x1C54B59: SSL_new (in node)
==7== 
==7== LEAK SUMMARY:
==7==    definitely lost: 1,880 bytes in 1,003 blocks
`;

test("accesses outside of a block are faults, and blocks that are lost as often as was said", () => {
  const firstLines = (blocksMin: number): readonly string[] =>
    findFaults(REPORT, blocksMin).map((fault) => fault.split("\n")[0]!.split(" lost")[0]!);
  assert.deepEqual(firstLines(50), [
    "Invalid read of size 8",
    "36,528 bytes in 1,004 blocks are indirectly",
    "96,207 (1,784 direct, 94,423 indirect) bytes in 1,000 blocks are definitely",
  ]);
  assert.equal(firstLines(1_001).length, 2);
  assert.equal(firstLines(3).length, 4);
});

test("a report without any of them has no faults", () => {
  assert.deepEqual(findFaults("==7== Memcheck\n==7== \n==7== HEAP SUMMARY:\n", 1), []);
});
