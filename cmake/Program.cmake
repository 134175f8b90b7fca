# The program `capas` (build/capas), and the examples, which see only the public headers.
file(GLOB program_sources CONFIGURE_DEPENDS "cli/*.c")
if(program_sources)
  add_executable(capas_program ${program_sources})
  set_target_properties(capas_program PROPERTIES OUTPUT_NAME capas)
  target_include_directories(capas_program PRIVATE cli)
  target_link_libraries(capas_program PRIVATE capas_inside)
  target_compile_definitions(capas_program PRIVATE
                             CAPAS_SHARE_FOLDER="${CMAKE_INSTALL_FULL_DATADIR}/capas")
endif()

file(GLOB example_sources CONFIGURE_DEPENDS "examples/*.c")
set(CAPAS_EXAMPLES "")
foreach(source IN LISTS example_sources)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(example_${name} ${source})
  set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name}
                        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/examples")
  target_link_libraries(example_${name} PRIVATE capas_shared capas_flags)
  list(APPEND CAPAS_EXAMPLES ${name})
endforeach()
