# The prediction half of libcapas: what opens flat models (capas/flat.h) and predicts, without training, files
# and the libraries of others. As libcapas-predict.a it needs libc and libm only (docs/embedding.md).
file(GLOB_RECURSE prediction_sources CONFIGURE_DEPENDS "src/base/*.c" "src/ops/*.c" "src/layers/*.c" "src/model/*.c")
file(GLOB more CONFIGURE_DEPENDS "src/kernels/*.c")
list(REMOVE_ITEM more "${PROJECT_SOURCE_DIR}/src/kernels/registry.c")

# There is no arithmetic in these, which a program links for its network alone: size counts more than speed.
foreach(source IN LISTS prediction_sources)
  set(size_flag -O2)
  if(source MATCHES "/src/(layers|model)/") # making networks, not running them
    set(size_flag -Os)
  endif()
  set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:${size_flag}>")
endforeach()

add_library(capas_prediction_objects OBJECT ${prediction_sources} ${more})
target_include_directories(capas_prediction_objects PRIVATE src include)
target_link_libraries(capas_prediction_objects PRIVATE capas_flags capas_levels Threads::Threads)

# The double kernels are for tests, and the backward ones for training.
add_library(capas_predict STATIC $<TARGET_OBJECTS:capas_prediction_objects> ${CAPAS_KERNEL_OBJECTS}
                                 ${CAPAS_PREDICTION_LISTS})
set_target_properties(capas_predict PROPERTIES OUTPUT_NAME capas-predict LINKER_LANGUAGE C EXPORT_NAME predict)
target_include_directories(capas_predict PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                                $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(capas_predict PRIVATE $<BUILD_INTERFACE:capas_flags>)
target_link_libraries(capas_predict PUBLIC Threads::Threads m)
target_link_options(capas_predict INTERFACE -Wl,--gc-sections)

# The prefix is found from the file's own place, so that the installed tree may be moved.
file(RELATIVE_PATH CAPAS_PREFIX_FROM_PKGCONFIG "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
     "${CMAKE_INSTALL_PREFIX}")
install(TARGETS capas_predict EXPORT capas-predict)
configure_file(cmake/capas-predict.pc.in "${CMAKE_BINARY_DIR}/capas-predict.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/capas-predict.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(DIRECTORY include/capas TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
