# bench/*.c: each a program that measures, build/bench/NAME. Those that use the tests' help (they include
# "support/...") are compiled with the tests; the others need only the library, and are compiled when they are
# wanted: cmake --build build --target capas_benches.
file(GLOB bench_sources CONFIGURE_DEPENDS "bench/*.c")
add_custom_target(capas_benches)
foreach(source IN LISTS bench_sources)
  file(STRINGS "${source}" support REGEX "#include \"support/" LIMIT_COUNT 1)
  if(CAPAS_SANITIZERS OR (support AND NOT TARGET capas_test_support))
    continue()
  endif()
  get_filename_component(name "${source}" NAME_WE)
  add_executable(bench_${name} "${source}")
  set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name}
                        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench")
  if(support)
    target_link_libraries(bench_${name} PRIVATE capas_test_support)
  else()
    target_link_libraries(bench_${name} PRIVATE capas_inside)
    add_dependencies(capas_benches bench_${name})
    if(NOT CAPAS_BUILD_TESTS)
      set_target_properties(bench_${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    endif()
  endif()
endforeach()
