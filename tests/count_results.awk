# Reads CTest's LastTest.log and prints "PASSED FAILED": GoogleTest cases and node:test cases where a
# program says how many it ran, else one for the program. A program that failed without saying which
# case (a crash, a time-out, a sanitizer's report at exit) counts as one failed.
function settle(ok) {
  if (missing) { ok = 0; missing = 0 }
  if (!seen) { if (ok) passed++; else failed++; return }
  passed += case_passed
  if (!ok && case_failed == 0) case_failed = 1
  failed += case_failed
}
# CTest writes "Test Passed." below this line all the same.
/^Unable to find executable/ { missing = 1 }
/^[0-9]+\/[0-9]+ Test: / { seen = 0; case_passed = 0; case_failed = 0 }
/^\[  PASSED  \] [0-9]+ tests?\.$/ { seen = 1; case_passed = $4 }
/^\[  FAILED  \] [0-9]+ tests?, listed below:$/ { seen = 1; case_failed = $4 }
# The spec reporter of node:test: "ℹ pass 12".
/^[^ ]+ pass [0-9]+$/ { seen = 1; case_passed = $3 }
/^[^ ]+ fail [0-9]+$/ { seen = 1; case_failed = $3 }
/^[^ ]+ cancelled [0-9]+$/ { case_failed += $3 }
/^Test Passed\.$/ { settle(1) }
/^Test Failed\.$/ { settle(0) }
END { printf "%d %d\n", passed, failed }
