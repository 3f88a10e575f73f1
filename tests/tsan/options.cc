// ThreadSanitizer's defaults, compiled in so that they hold however a program is started.
// TSAN_OPTIONS wins over them: halt_on_error=0 shows all reports.

extern "C" {

const char* __tsan_default_options();
const char* __tsan_default_suppressions();

const char* __tsan_default_options() {
  // A program ends at its first report, so that no test can overlook it.
  return "halt_on_error=1:second_deadlock_stack=1";
}

const char* __tsan_default_suppressions() {
  return
      // What gRPC's own libraries do by memcpy, free and the like to their own objects, which they
      // order by atomics that ThreadSanitizer does not see. Our code that they call is still seen.
      "called_from_lib:libgrpc.so\n"
      "called_from_lib:libgrpc++.so\n"
      "called_from_lib:libgpr.so\n"
      "called_from_lib:libupb.so\n"
      // The same by what gRPC keeps in an absl::Status: its texts, cords and times.
      "called_from_lib:libabsl_status.so\n"
      "called_from_lib:libabsl_cord.so\n"
      "called_from_lib:libabsl_cord_internal.so\n"
      "called_from_lib:libabsl_strings.so\n"
      "called_from_lib:libabsl_time.so\n"
      "called_from_lib:libabsl_time_zone.so\n"
      // Abseil's own search for deadlocks has a spinlock of its own.
      "called_from_lib:libabsl_graphcycles_internal.so\n"
      // OpenSSL, beneath gRPC's TLS and by itself, counts references by atomics as well.
      "called_from_lib:libssl.so\n"
      "called_from_lib:libcrypto.so\n";
}

}  // extern "C"
