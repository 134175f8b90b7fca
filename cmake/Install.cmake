# cmake --install: both libraries, capas.pc, the CMake package, the program, recipes and MNIST. Headers and
# libcapas-predict.a are Prediction.cmake's.
include(CMakePackageConfigHelpers)
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/capas")

install(TARGETS capas_shared EXPORT capas)
install(TARGETS capas_static EXPORT capas-static)
if(TARGET capas_program)
  install(TARGETS capas_program)
endif()
foreach(folder recipes data/mnist)
  if(EXISTS "${PROJECT_SOURCE_DIR}/${folder}")
    get_filename_component(parent "${folder}" DIRECTORY)
    install(DIRECTORY ${folder} DESTINATION "${CMAKE_INSTALL_DATADIR}/capas/${parent}")
  endif()
endforeach()
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# Made of what is known at configuration.
list(JOIN CAPAS_PKGCONFIG_MODULES " " CAPAS_PKGCONFIG_REQUIRES)
# As shared libraries: what these rest on, in turn, is theirs, and need not be installed to link capas.
list(JOIN CAPAS_PKGCONFIG_LIBS " " CAPAS_PKGCONFIG_LINKED)
configure_file(cmake/capas.pc.in "${CMAKE_BINARY_DIR}/capas.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/capas.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

configure_package_config_file(cmake/capasConfig.cmake.in "${CMAKE_BINARY_DIR}/capasConfig.cmake"
                              INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${CMAKE_BINARY_DIR}/capasConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_BINARY_DIR}/capasConfig.cmake" "${CMAKE_BINARY_DIR}/capasConfigVersion.cmake"
        DESTINATION "${package_folder}")
install(EXPORT capas NAMESPACE capas:: FILE capasTargets.cmake DESTINATION "${package_folder}")
install(EXPORT capas-predict NAMESPACE capas:: FILE capasPredictTargets.cmake DESTINATION "${package_folder}")
install(EXPORT capas-static NAMESPACE capas:: FILE capasStaticTargets.cmake
        DESTINATION "${package_folder}")
