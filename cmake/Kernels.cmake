# The arithmetic, compiled several times from one source:
#   src/kernels/plain/*.c   once for float and once for double (CAPAS_REAL, CAPAS_REAL_NAME)
#   src/kernels/tuned/*.c   once a level of the processor (CAPAS_LEVEL_NAME, CAPAS_VECTOR = floats a vector)
# The lists of what there is, src/kernels/registry.c and tuned/list.c, are compiled once more for
# libcapas-predict.a, which has the kernels that prediction needs (CAPAS_PREDICTION_HALF).
# Gives CAPAS_KERNEL_OBJECTS, CAPAS_KERNEL_LISTS and CAPAS_PREDICTION_LISTS, and the definitions
# CAPAS_HAVE_LEVEL=1 for whoever chooses at run time.
set(CAPAS_KERNEL_OBJECTS "")
set(CAPAS_KERNEL_LISTS "")
set(CAPAS_PREDICTION_LISTS "")
set(CAPAS_LEVELS "")
file(GLOB plain_sources CONFIGURE_DEPENDS "src/kernels/plain/*.c")
file(GLOB tuned_sources CONFIGURE_DEPENDS "src/kernels/tuned/*.c")
list(REMOVE_ITEM tuned_sources "${PROJECT_SOURCE_DIR}/src/kernels/tuned/list.c")
add_library(capas_levels INTERFACE)

# Values stay what IEEE says; only errno and the exception flags, which nobody reads, are let go.
set(kernel_flags -fno-math-errno -fno-trapping-math)
# What -O3 has beside loops by vectors makes the plain kernels a fifth larger.
set(plain_flags -O2)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  list(APPEND plain_flags -ftree-vectorize -fvect-cost-model=dynamic)
endif()
set(tuned_flags -O3)
if(CAPAS_SANITIZERS)
  set(tuned_flags -O1)
  # gcc 12 aligns the stack frames that it keeps for later too little for vectors of 64 bytes (GCC bug
  # 110027).
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CAPAS_SANITIZERS MATCHES "address")
    list(APPEND tuned_flags --param=asan-use-after-return=0)
  endif()
endif()

function(capas_kernel_objects target sources)
  add_library(${target} OBJECT ${sources})
  target_include_directories(${target} PRIVATE src include)
  target_link_libraries(${target} PRIVATE capas_flags capas_levels)
  target_compile_options(${target} PRIVATE ${kernel_flags})
  set(CAPAS_KERNEL_OBJECTS ${CAPAS_KERNEL_OBJECTS} $<TARGET_OBJECTS:${target}> PARENT_SCOPE)
endfunction()

# A list, as it is and for prediction alone.
function(capas_kernel_list target source)
  foreach(half "" _predict)
    add_library(${target}${half} OBJECT ${source})
    target_include_directories(${target}${half} PRIVATE src include)
    target_link_libraries(${target}${half} PRIVATE capas_flags capas_levels)
    target_compile_definitions(${target}${half} PRIVATE ${ARGN})
  endforeach()
  target_compile_definitions(${target}_predict PRIVATE CAPAS_PREDICTION_HALF=1)
  set(CAPAS_KERNEL_LISTS ${CAPAS_KERNEL_LISTS} $<TARGET_OBJECTS:${target}> PARENT_SCOPE)
  set(CAPAS_PREDICTION_LISTS ${CAPAS_PREDICTION_LISTS} $<TARGET_OBJECTS:${target}_predict> PARENT_SCOPE)
endfunction()

macro(capas_plain_kernels real name)
  if(plain_sources)
    capas_kernel_objects(capas_plain_${name} "${plain_sources}")
    target_compile_definitions(capas_plain_${name} PRIVATE CAPAS_REAL=${real} CAPAS_REAL_NAME=${name})
    target_compile_options(capas_plain_${name} PRIVATE "$<$<CONFIG:Release>:${plain_flags}>")
  endif()
endmacro()

macro(capas_tuned_kernels level vector)
  if(NOT CAPAS_KERNEL_LEVELS OR ${level} IN_LIST CAPAS_KERNEL_LEVELS)
    list(APPEND CAPAS_LEVELS ${level})
    string(TOUPPER ${level} upper_level)
    target_compile_definitions(capas_levels INTERFACE CAPAS_HAVE_${upper_level}=1)
    capas_kernel_objects(capas_tuned_${level} "${tuned_sources}")
    target_compile_definitions(capas_tuned_${level} PRIVATE CAPAS_LEVEL_NAME=${level}
                               CAPAS_VECTOR=${vector})
    target_compile_options(capas_tuned_${level} PRIVATE ${tuned_flags} ${ARGN})
    capas_kernel_list(capas_list_${level} src/kernels/tuned/list.c CAPAS_LEVEL_NAME=${level}
                      CAPAS_VECTOR=${vector})
    foreach(half "" _predict)
      target_compile_options(capas_list_${level}${half} PRIVATE ${tuned_flags} ${ARGN})
    endforeach()
  endif()
endmacro()

capas_plain_kernels(float f32)
capas_plain_kernels(double f64)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  capas_tuned_kernels(sse2 4)
  capas_tuned_kernels(avx2 8 -mavx2 -mfma)
  capas_tuned_kernels(avx512 16 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma
                      -mprefer-vector-width=512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  capas_tuned_kernels(neon 4)
endif()
capas_kernel_list(capas_registry src/kernels/registry.c)
