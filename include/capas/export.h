/* What every public header of capas needs: visibility and C linkage.
 * Nothing here is meant for a user's own code. */
#ifndef CAPAS_EXPORT_H
#define CAPAS_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define CAPAS_API __attribute__((visibility("default")))
#else
#define CAPAS_API
#endif

#ifdef __cplusplus
#define CAPAS_BEGIN extern "C" {
#define CAPAS_END   }
#else
#define CAPAS_BEGIN
#define CAPAS_END
#endif

#endif
