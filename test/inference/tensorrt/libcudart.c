/* A CUDA runtime of plain memory with the real library's C interface, for the ctypes layer. */
#include <stdlib.h>
#include <string.h>

static int live = 0; /* blocks and streams that were lent and did not come back */
static int initialised = 0; /* whether the device has a context */
static unsigned int schedule = 0;

int cudaSetDevice(int device) { return device == 0 ? 0 : 101; }
int cudaSetDeviceFlags(unsigned int flags) {
  if (initialised) return 708; /* as CUDA 11 */
  schedule = flags;
  return 0;
}
unsigned int flags_of_device(void) { return schedule; }
void forget_context(void) { initialised = schedule = 0; }

int cudaGetDeviceProperties(void *properties, int device) {
  memset(properties, 7, 1032); /* the size of CUDA 12's struct */
  strcpy((char *)properties, "A device in C");
  return device;
}

int cudaDeviceGetAttribute(int *value, int attribute, int device) {
  switch (attribute) {
  case 13: *value = 1500000; break;
  case 16: *value = 8; break;
  case 18: *value = 1; break;
  case 36: *value = 2000000; break;
  case 37: *value = 128; break;
  case 75: *value = 8; break;
  case 76: *value = 7; break;
  default: return 1;
  }
  return device;
}

int cudaDriverGetVersion(int *version) { *version = 12060; return 0; }
int cudaRuntimeGetVersion(int *version) { *version = 11040; return 0; }
const char *cudaGetErrorString(int code) { return code == 2 ? "out of memory" : "unknown"; }

int cudaMalloc(void **address, size_t size) {
  if (size > (size_t)1 << 33) return 2; /* 8 GiB */
  *address = malloc(size);
  initialised = 1;
  live++;
  return 0;
}
int cudaFree(void *address) { free(address); live--; return 0; }
int cudaHostAlloc(void **address, size_t size, unsigned int flags) {
  return flags == 0 || flags == 2 ? cudaMalloc(address, size) : 1;
}
int cudaFreeHost(void *address) { return cudaFree(address); }
int cudaHostGetDevicePointer(void **device, void *host, unsigned int flags) {
  *device = host;
  return (int)flags;
}
int cudaStreamCreateWithFlags(void **stream, unsigned int flags) {
  return flags == 1 ? cudaMalloc(stream, 8) : 1;
}
int cudaStreamDestroy(void *stream) { return cudaFree(stream); }
int cudaMemcpyAsync(void *to, const void *from, size_t size, int kind, void *stream) {
  memcpy(to, from, size);
  return stream && (kind == 1 || kind == 2) ? 0 : 1;
}
int cudaStreamSynchronize(void *stream) { return stream ? 0 : 1; }
int lent(void) { return live; }
