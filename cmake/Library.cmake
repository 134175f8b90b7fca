# libcapas: everything in src/ compiled once, put into a static and a shared library. Prediction.cmake has
# compiled the half that predicts.
file(GLOB_RECURSE library_sources CONFIGURE_DEPENDS "src/*.c")
list(FILTER library_sources EXCLUDE REGEX "/src/(base|kernels|ops|layers|model)/")

add_library(capas_objects OBJECT ${library_sources})
target_include_directories(capas_objects PRIVATE src include)
target_link_libraries(capas_objects PRIVATE capas_flags capas_levels capas_libraries)
# Where an installed capas finds its recipes and data.
target_compile_definitions(capas_objects PRIVATE
                           CAPAS_SHARE_FOLDER="${CMAKE_INSTALL_FULL_DATADIR}/capas")

function(capas_library target kind)
  add_library(${target} ${kind} $<TARGET_OBJECTS:capas_prediction_objects> $<TARGET_OBJECTS:capas_objects>
                                ${CAPAS_KERNEL_OBJECTS} ${CAPAS_KERNEL_LISTS})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME capas LINKER_LANGUAGE C
                        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:capas_flags>)
endfunction()

capas_library(capas_shared SHARED)
capas_library(capas_static STATIC)
set_target_properties(capas_shared PROPERTIES EXPORT_NAME capas)
set_target_properties(capas_static PROPERTIES EXPORT_NAME static)
target_link_libraries(capas_shared PRIVATE $<BUILD_INTERFACE:capas_libraries>)
target_link_options(capas_shared PRIVATE -Wl,--as-needed)
if(NOT CAPAS_SANITIZERS)
  target_link_options(capas_shared PRIVATE -Wl,--no-undefined)
endif()
# A static library does not remember what it needs: whoever links it takes that along. An installed one
# has it from capas.pc or capasConfig.cmake.
target_link_libraries(capas_static PUBLIC $<BUILD_INTERFACE:capas_libraries>)

# For our own program and tests: the static library with the private headers.
add_library(capas_inside INTERFACE)
target_link_libraries(capas_inside INTERFACE capas_static capas_flags capas_levels)
target_include_directories(capas_inside INTERFACE src)
