# How everything is compiled: `capas_flags` is linked by each target of ours.
# The results must not depend on the compiler's mood: no fast-math, and a fused multiply-add only where
# the source says so.
add_library(capas_flags INTERFACE)
target_compile_options(capas_flags INTERFACE -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes
                       -ffp-contract=off)
# Each function is a piece of its own, so that whoever links libcapas-predict.a may leave out what he does not
# call (-Wl,--gc-sections).
if(NOT CAPAS_SANITIZERS)
  target_compile_options(capas_flags INTERFACE -ffunction-sections -fdata-sections)
endif()
if(CAPAS_WERROR)
  target_compile_options(capas_flags INTERFACE -Werror)
endif()

if(CAPAS_SANITIZERS)
  set(sanitizer_flags -fsanitize=${CAPAS_SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(capas_flags INTERFACE ${sanitizer_flags})
  target_link_options(capas_flags INTERFACE ${sanitizer_flags})
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
