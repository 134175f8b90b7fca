# Tests of what is not code: examples run (an example takes the number of epochs as its argument, if it
# trains), headers compile alone, the libraries' symbols, the direction of dependencies, the installation.
# Scripts in tests/house/ and scripts/.
foreach(name IN LISTS CAPAS_EXAMPLES)
  set(scratch "${CMAKE_BINARY_DIR}/tests/scratch/examples.${name}")
  file(MAKE_DIRECTORY "${scratch}")
  add_test(NAME examples.${name} COMMAND example_${name} 1 WORKING_DIRECTORY "${scratch}")
  set_tests_properties(examples.${name} PROPERTIES TIMEOUT 900
                       ENVIRONMENT "${test_environment};CAPAS_DATA=${PROJECT_SOURCE_DIR}/data")
endforeach()

find_program(CAPAS_CXX NAMES $ENV{CXX} g++ clang++ c++ DOC "C++ compiler for the test of the headers")
add_test(NAME house.headers
         COMMAND sh "${PROJECT_SOURCE_DIR}/tests/house/headers.sh" "${PROJECT_SOURCE_DIR}/include"
                 "${CMAKE_C_COMPILER}" "${CAPAS_CXX}")

add_test(NAME house.symbols
         COMMAND sh "${PROJECT_SOURCE_DIR}/tests/house/symbols.sh" "${PROJECT_SOURCE_DIR}/include"
                 $<TARGET_FILE:capas_shared> $<TARGET_FILE:capas_static>)

add_test(NAME house.dependencies COMMAND sh "${PROJECT_SOURCE_DIR}/scripts/check-house.sh"
                                         "${PROJECT_SOURCE_DIR}")
add_test(NAME house.dependencies_caught
         COMMAND sh "${PROJECT_SOURCE_DIR}/tests/house/check_house.sh" "${PROJECT_SOURCE_DIR}")

if("first" IN_LIST CAPAS_EXAMPLES)
  get_target_property(sanitizers capas_flags INTERFACE_LINK_OPTIONS)
  if(NOT sanitizers)
    set(sanitizers "")
  endif()
  list(JOIN sanitizers " " sanitizers)
  add_test(NAME house.install
           COMMAND sh "${PROJECT_SOURCE_DIR}/tests/house/install.sh" "${PROJECT_SOURCE_DIR}"
                   "${CMAKE_BINARY_DIR}" "${CMAKE_COMMAND}" "${CMAKE_C_COMPILER}" "${sanitizers}")
  set_tests_properties(house.install PROPERTIES ENVIRONMENT "${test_environment}" TIMEOUT 600)
endif()

# A build of its own, without sanitizers, of the half that predicts; it is kept for the next time.
if(CAPAS_HAS_KERAS_FILES AND NOT CMAKE_CROSSCOMPILING)
  add_executable(house_original tests/house/original.c)
  target_link_libraries(house_original PRIVATE capas_shared capas_flags)
  set_target_properties(house_original PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/bin")
  add_test(NAME house.embedded
           COMMAND sh "${PROJECT_SOURCE_DIR}/tests/house/embedded.sh" "${PROJECT_SOURCE_DIR}"
                   "${CMAKE_BINARY_DIR}/tests/embedded" "${CMAKE_COMMAND}" "${CMAKE_C_COMPILER}"
                   "$<TARGET_FILE:capas_program>" "$<TARGET_FILE:house_original>")
  set_tests_properties(house.embedded PROPERTIES ENVIRONMENT "${test_environment}" TIMEOUT 1200)
endif()

include(cmake/DocsTests.cmake)
