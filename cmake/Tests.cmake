# The tests. Each tests/**/test_NAME.c is a program of its own, linked with the library's insides, and one
# ctest entry named after its place (tests/base/test_value.c: base.value). It runs in an empty folder of its
# own. A line "Labels: threads slow" in its opening comment labels it; "Serial: yes" keeps it from
# running beside others. tests/support/*.c helps them all; tests/house/ holds the tests of the build.
file(GLOB_RECURSE test_sources CONFIGURE_DEPENDS "tests/test_*.c")
file(GLOB support_sources CONFIGURE_DEPENDS "tests/support/*.c")
list(FILTER support_sources EXCLUDE REGEX "/test_[^/]*$")
set(CAPAS_TEST_TARGETS "")

set(test_environment
    "CAPAS_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
    "CAPAS_PROGRAM=${CMAKE_BINARY_DIR}/capas"
    "CAPAS_CACHE=${CMAKE_BINARY_DIR}/tests/cache"
    "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1"
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/leaks.txt:print_suppressions=0"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")

# The recorded answers of Keras travel packed, a kind a file, and are unpacked while building.
set(golden_folder "${CMAKE_BINARY_DIR}/tests/golden")
file(GLOB golden_packs CONFIGURE_DEPENDS "tests/golden/*.tar.gz")
set(golden_stamps "")
foreach(pack IN LISTS golden_packs)
  get_filename_component(kind "${pack}" NAME_WE)
  set(stamp "${golden_folder}/${kind}.stamp")
  add_custom_command(OUTPUT "${stamp}" DEPENDS "${pack}"
                     COMMAND "${CMAKE_COMMAND}" -E rm -rf "${golden_folder}/${kind}"
                     COMMAND "${CMAKE_COMMAND}" -E make_directory "${golden_folder}"
                     COMMAND "${CMAKE_COMMAND}" -E chdir "${golden_folder}"
                             "${CMAKE_COMMAND}" -E tar xzf "${pack}"
                     COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
                     COMMENT "Unpacking the golden ${kind}" VERBATIM)
  list(APPEND golden_stamps "${stamp}")
endforeach()
if(golden_packs)
  configure_file(tests/golden/index.json "${golden_folder}/index.json" COPYONLY)
endif()
add_custom_target(capas_golden ALL DEPENDS ${golden_stamps})

if(CAPAS_HAS_CMOCKA)
  add_library(capas_test_support STATIC ${support_sources})
  target_link_libraries(capas_test_support PUBLIC capas_inside PkgConfig::CAPAS_CMOCKA)
  target_include_directories(capas_test_support PUBLIC tests)
  target_compile_definitions(capas_test_support PUBLIC
                             CAPAS_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             CAPAS_GOLDEN_FOLDER="${golden_folder}")
  add_dependencies(capas_test_support capas_golden)
else()
  set(test_sources "")
endif()

foreach(source IN LISTS test_sources)
  file(STRINGS "${source}" notes LIMIT_INPUT 2000 REGEX "(Labels|Serial): ")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  set(labels "")
  if(notes MATCHES "Labels: ([a-z ]+)")
    string(STRIP "${CMAKE_MATCH_1}" labels)
    string(REPLACE " " ";" labels "${labels}")
  endif()
  if(CAPAS_TEST_LABEL AND NOT CAPAS_TEST_LABEL IN_LIST labels)
    continue()
  endif()

  file(RELATIVE_PATH name "${PROJECT_SOURCE_DIR}/tests" "${source}")
  string(REGEX REPLACE "\\.c$" "" name "${name}")
  string(REGEX REPLACE "(^|/)test_([^/]*)$" "\\1\\2" name "${name}")
  string(REPLACE "/" "." name "${name}")
  string(REPLACE "." "_" target "test_${name}")
  add_executable(${target} "${source}")
  target_link_libraries(${target} PRIVATE capas_test_support)
  # What a sanitizer tells of each check is a third smaller where addresses are fixed, and so is the link.
  if(CAPAS_SANITIZERS MATCHES "address")
    target_link_options(${target} PRIVATE -no-pie)
  endif()
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/bin")
  if(TARGET capas_program AND name MATCHES "^(cli|determinism|errors|faults)\\.")
    add_dependencies(${target} capas_program)
  endif()
  if(TARGET capas_verbs AND name MATCHES "^cli\\.")
    target_link_libraries(${target} PRIVATE capas_verbs)
  endif()
  set(scratch "${CMAKE_BINARY_DIR}/tests/scratch/${name}")
  file(MAKE_DIRECTORY "${scratch}")
  add_test(NAME ${name} COMMAND ${target} WORKING_DIRECTORY "${scratch}")
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${test_environment}" TIMEOUT 900
                       LABELS "${labels}" SKIP_RETURN_CODE 77)
  if(notes MATCHES "Serial: yes")
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
  list(APPEND CAPAS_TEST_TARGETS ${target})
endforeach()

# All test programs and nothing else.
add_custom_target(capas_tests)
if(CAPAS_TEST_TARGETS)
  add_dependencies(capas_tests ${CAPAS_TEST_TARGETS})
endif()

if(NOT CAPAS_TEST_LABEL)
  include(cmake/HouseTests.cmake)
endif()
