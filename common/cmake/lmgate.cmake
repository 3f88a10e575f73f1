# One folder is one target. Included once by the root CMakeLists.txt.
include_guard(GLOBAL)

add_library(lmgate_flags INTERFACE)
target_compile_options(lmgate_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
if(LMGATE_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # Asio has fences, which g++'s TSan does not model; its queues are locked by mutexes as well.
  target_compile_options(lmgate_flags INTERFACE -Wno-tsan)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # With -O3 `"x" + string` is taken for an overlapping copy: GCC bug 105651, mended in 13.
  target_compile_options(lmgate_flags INTERFACE -Wno-restrict)
endif()
target_include_directories(lmgate_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(LMGATE_SANITIZE MATCHES thread)
  # In every program: how ThreadSanitizer gets on with libraries that it cannot see into.
  set(tsan_dir ${PROJECT_SOURCE_DIR}/tests/tsan)
  add_library(lmgate_tsan OBJECT
    ${tsan_dir}/abseil_order.cc ${tsan_dir}/grpc_order.cc ${tsan_dir}/options.cc)
  target_include_directories(lmgate_tsan PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(lmgate_tsan PRIVATE absl::synchronization gRPC::grpc++)
  target_sources(lmgate_flags INTERFACE
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:lmgate_tsan>>)
endif()

# What Asio is compiled with changes the layout of its types (thread_info_base.hpp) and what its
# calls return (BOOST_ASIO_SYNC_OP_VOID in config.hpp: nothing, or an error_code by a hidden
# argument): all units of one program must see the same, or they corrupt one another's memory. So
# its definitions stand here only, and every target that includes Asio or Beast has lmgate_asio
# among its DEPS. 8: one coroutine a connection, its frames are recycled.
add_library(lmgate_asio INTERFACE)
target_compile_definitions(lmgate_asio INTERFACE BOOST_ASIO_NO_DEPRECATED
                           BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8)
target_link_libraries(lmgate_asio INTERFACE Boost::headers)

# Suppresses warnings of library headers that Debian's CMake packages do not mark as system headers.
function(lmgate_system_includes target)
  foreach(dep ${ARGN})
    if(TARGET ${dep} AND NOT dep MATCHES "^lmgate::")
      get_target_property(dirs ${dep} INTERFACE_INCLUDE_DIRECTORIES)
      if(dirs)
        target_include_directories(${target} SYSTEM PUBLIC ${dirs})
      endif()
    endif()
  endforeach()
endfunction()

# lmgate_library(routing SRCS router.cc DEPS lmgate::snapshot PRIVATE_DEPS simdjson::simdjson)
# makes the static library lmgate_routing with the alias lmgate::routing.
# DEPS: what the headers name. PRIVATE_DEPS: what only the .cc files need.
function(lmgate_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(lmgate_${name} STATIC ${ARG_SRCS})
  add_library(lmgate::${name} ALIAS lmgate_${name})
  target_link_libraries(lmgate_${name} PUBLIC ${ARG_DEPS} PRIVATE lmgate_flags ${ARG_PRIVATE_DEPS})
  target_include_directories(lmgate_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  lmgate_system_includes(lmgate_${name} ${ARG_DEPS} ${ARG_PRIVATE_DEPS})
endfunction()

# lmgate_program(lmctl SRCS main.cc DEPS lmgate::cli): an executable in <build>/bin.
function(lmgate_program name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE lmgate_flags ${ARG_DEPS})
  lmgate_system_includes(${name} ${ARG_DEPS})
endfunction()

# By how much the tests' time limits are longer than said. ThreadSanitizer: 5 to 15 times slower,
# by its manual; the slowest of ours need two thirds of their limits with it.
set(LMGATE_TIMEOUT_FACTOR 1)
if(LMGATE_SANITIZE MATCHES thread)
  set(LMGATE_TIMEOUT_FACTOR 5)
endif()

# lmgate_test(contract_key_token LABEL unit SRCS key_token_test.cc DEPS lmgate::contract):
# a GoogleTest executable, run as one ctest entry with the label.
function(lmgate_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SRCS;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  math(EXPR timeout "${ARG_TIMEOUT} * ${LMGATE_TIMEOUT_FACTOR}")
  add_executable(${name}_test ${ARG_SRCS})
  target_link_libraries(${name}_test PRIVATE lmgate_flags ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  lmgate_system_includes(${name}_test ${ARG_DEPS})
  set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name}_test WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${timeout})
endfunction()
