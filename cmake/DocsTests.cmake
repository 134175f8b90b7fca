# Tests of the documentation: its code compiles and runs, its recipes train, its commands work, its links lead
# somewhere, and the layer that it adds to capas works. Scripts in tests/docs/.
get_target_property(sanitizers capas_flags INTERFACE_LINK_OPTIONS)
if(NOT sanitizers)
  set(sanitizers "")
endif()
list(JOIN sanitizers " " sanitizers)

function(capas_docs_test name)
  find_program(CAPAS_BASH NAMES bash DOC "The shell of the tests of the documentation")
  add_test(NAME docs.${name} COMMAND "${CAPAS_BASH}" "${PROJECT_SOURCE_DIR}/tests/docs/${name}.sh"
                                     "${PROJECT_SOURCE_DIR}" ${ARGN})
  set_tests_properties(docs.${name} PROPERTIES ENVIRONMENT "${test_environment}" TIMEOUT 600)
endfunction()

capas_docs_test(links)
capas_docs_test(layer "${CMAKE_BINARY_DIR}" "${CMAKE_C_COMPILER}" "${sanitizers}")
if(CAPAS_CXX)
  capas_docs_test(c_blocks "${CMAKE_BINARY_DIR}" "${CMAKE_C_COMPILER}" "${CAPAS_CXX}" "${sanitizers}")
endif()
capas_docs_test(reference "$<TARGET_FILE:capas_program>")
if(CAPAS_HAS_KERAS_FILES AND CAPAS_HAS_PNG)
  capas_docs_test(yaml_blocks "$<TARGET_FILE:capas_program>")
  if(CAPAS_HAS_CAIRO)
    capas_docs_test(shell_blocks "${CMAKE_BINARY_DIR}" "${CMAKE_C_COMPILER}" "${CMAKE_COMMAND}" "${sanitizers}")
  endif()
endif()
