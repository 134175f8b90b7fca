# The program `capas` (build/capas), and the examples, which see only the public headers.
# The verbs are objects of their own, so that tests can call them.
file(GLOB verb_sources CONFIGURE_DEPENDS "cli/*.c")
list(FILTER verb_sources EXCLUDE REGEX "/main\\.c$")
if(verb_sources)
  add_library(capas_verbs OBJECT ${verb_sources})
  target_include_directories(capas_verbs PUBLIC cli)
  target_link_libraries(capas_verbs PUBLIC capas_inside)
  add_executable(capas_program cli/main.c)
  set_target_properties(capas_program PROPERTIES OUTPUT_NAME capas)
  target_link_libraries(capas_program PRIVATE capas_verbs)
endif()

# embedded.c has a network in it, which is made first: docs/embedding.md, tests/house/embedded.sh.
file(GLOB example_sources CONFIGURE_DEPENDS "examples/*.c")
list(FILTER example_sources EXCLUDE REGEX "/embedded\\.c$")
set(CAPAS_EXAMPLES "")
foreach(source IN LISTS example_sources)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(example_${name} ${source})
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name}
                        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/examples")
  target_link_libraries(example_${name} PRIVATE capas_shared capas_flags m)
  list(APPEND CAPAS_EXAMPLES ${name})
endforeach()
