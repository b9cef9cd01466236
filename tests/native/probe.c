/*
 * Loads and runs ONNX models through ONNX Runtime's C interface and tells what that took, one line of JSON a model. It shares nothing with
 * Serenity.Build, is small enough to be compiled for any processor, and runs under an emulator:
 *
 *   cc -O1 -I <package>/build/native/include probe.c -o probe -ldl -lpthread
 *   probe --lib libonnxruntime.so [options] MODEL...
 *
 *   --threads N          intra-op threads (1)
 *   --runs N             runs of each model (1)
 *   --level N            graph optimization level: 0, 1, 2 or 99 (0)
 *   --config KEY=VALUE   a session configuration entry; may be repeated
 *   --pattern            memory pattern on
 *   --arena              ONNX Runtime's own allocator; nothing is counted
 *   --plain              the C library's allocator as sessions use it by default with the arena off; nothing is counted
 *   --parallel           parallel execution mode, two inter-op threads
 *   --bytes              the model is handed over as bytes
 *   --trace DIR          writes DIR/N.trace, the allocations of the first run, and DIR/N_*.json, its profile
 *   --save FILE          saves what became of the (last) model
 *   --data-limit BYTES   RLIMIT_DATA, set once the library is loaded
 *
 * A trace has a line for each event: "a ID BYTES" a block was taken, "f ID" given back, "m N" a kernel began or ended. While a session profiles,
 * ONNX Runtime asks the allocator for its statistics before and after each kernel; the answer to each question is its number, which the
 * kernel's event in the profile repeats.
 *
 * Blocks are mapped and not taken from the C library, so what the C library says it has given out is what no allocator sees.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "onnxruntime_c_api.h"

#define MOST_CONFIG 32
#define HEADER 64 /* kernels want blocks aligned to 64 bytes */

typedef struct {
  const char *lib, *trace, *save, *config[MOST_CONFIG];
  int configs, threads, runs, level;
  bool pattern, arena, plain, parallel, bytes;
  uint64_t data_limit;
} Options;

typedef struct {
  uint64_t bytes, id, mapped;
} Block;

typedef struct {
  OrtAllocator table;
  OrtMemoryInfo* info;
  pthread_mutex_t lock;
  FILE* trace;
  uint64_t in_use, peak, next_id, marks, unseen_peak;
  bool watches_heap;
} Counting;

static const OrtApi* api;
static Counting counting;
static int api_version;
static jmp_buf next_model;
static bool in_model;

static void tell_text(const char* text);

/* Ends the program, or only the model at hand. */
static void fail(const char* what, const char* why) {
  if (!in_model) {
    fprintf(stderr, "probe: %s: %s\n", what, why);
    exit(1);
  }
  char text[1024];
  snprintf(text, sizeof text, "%s: %s", what, why);
  printf(",\"error\":");
  tell_text(text);
  printf("}\n");
  fflush(stdout);
  longjmp(next_model, 1);
}

static void must(OrtStatus* status, const char* what) {
  if (status != NULL) fail(what, api->GetErrorMessage(status));
}

/* Bytes that the C library has given out and not taken back. */
static uint64_t heap(void) {
  struct mallinfo2 info = mallinfo2();
  return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}

static void watch_heap(void) {
  if (!counting.watches_heap) return;
  uint64_t now = heap();
  if (now > counting.unseen_peak) counting.unseen_peak = now;
}

static void* ORT_API_CALL counting_alloc(OrtAllocator* self, size_t bytes) {
  (void)self;
  if (bytes == 0) return NULL;
  size_t mapped = bytes + HEADER;
  Block* block = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) fail("allocation", "out of memory");
  pthread_mutex_lock(&counting.lock);
  block->bytes = bytes;
  block->mapped = mapped;
  block->id = counting.next_id++;
  counting.in_use += bytes;
  if (counting.in_use > counting.peak) counting.peak = counting.in_use;
  if (counting.trace != NULL) fprintf(counting.trace, "a %" PRIu64 " %zu\n", block->id, bytes);
  watch_heap();
  pthread_mutex_unlock(&counting.lock);
  return (char*)block + HEADER;
}

static void ORT_API_CALL counting_free(OrtAllocator* self, void* memory) {
  (void)self;
  if (memory == NULL) return;
  Block* block = (Block*)((char*)memory - HEADER);
  pthread_mutex_lock(&counting.lock);
  counting.in_use -= block->bytes;
  if (counting.trace != NULL) fprintf(counting.trace, "f %" PRIu64 "\n", block->id);
  watch_heap();
  pthread_mutex_unlock(&counting.lock);
  munmap(block, block->mapped);
}

static const OrtMemoryInfo* ORT_API_CALL counting_info(const OrtAllocator* self) {
  (void)self;
  return counting.info;
}

/* A limit or a count of allocations that is not zero makes ONNX Runtime ask again at the kernel's end. */
static OrtStatus* ORT_API_CALL counting_stats(const OrtAllocator* self, OrtKeyValuePairs** out) {
  (void)self;
  char number[24];
  pthread_mutex_lock(&counting.lock);
  uint64_t mark = ++counting.marks;
  if (counting.trace != NULL) fprintf(counting.trace, "m %" PRIu64 "\n", mark);
  watch_heap();
  pthread_mutex_unlock(&counting.lock);
  snprintf(number, sizeof number, "%" PRIu64, mark);
  api->CreateKeyValuePairs(out);
  api->AddKeyValuePair(*out, "Limit", "-1");
  api->AddKeyValuePair(*out, "NumAllocs", "1");
  api->AddKeyValuePair(*out, "InUse", number);
  return NULL;
}

static void register_counting(OrtEnv* env) {
  memset(&counting.table, 0, sizeof counting.table);
  counting.table.version = (uint32_t)api_version;
  counting.table.Alloc = counting_alloc;
  counting.table.Reserve = counting_alloc;
  counting.table.Free = counting_free;
  counting.table.Info = counting_info;
  if (api_version >= 23) counting.table.GetStats = counting_stats;
  must(api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &counting.info), "memory info");
  must(api->RegisterAllocator(env, &counting.table), "RegisterAllocator");
}

/* A figure of /proc/self/status in KiB; of the emulator, where there is one. */
static long status_kib(const char* name) {
  FILE* file = fopen("/proc/self/status", "r");
  char line[256];
  long value = -1;
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, name, strlen(name)) == 0) value = strtol(line + strlen(name) + 1, NULL, 10);
  if (file != NULL) fclose(file);
  return value;
}

/* The most resident memory is counted anew from here. */
static void reset_most(void) {
  FILE* file = fopen("/proc/self/clear_refs", "w");
  if (file == NULL) return;
  fputs("5", file);
  fclose(file);
}

static void tell_point(const char* name) {
  printf("\"%s\":{\"residentKiB\":%ld,\"mostKiB\":%ld,\"anonymousKiB\":%ld,\"heapBytes\":%" PRIu64 ",\"countedBytes\":%" PRIu64 "}", name,
         status_kib("VmRSS"), status_kib("VmHWM"), status_kib("RssAnon"), heap(), counting.in_use);
}

static size_t element_bytes(ONNXTensorElementDataType type) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32:
      return 4;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64:
      return 8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16:
      return 2;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL:
      return 1;
    default:
      return 0;
  }
}

/* Ordinary values: floats in [0, 1), integers and half floats 0. */
static void fill(void* data, size_t count, ONNXTensorElementDataType type) {
  uint64_t state = 20;
  for (size_t i = 0; i < count; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    double value = (double)(state >> 40) / (double)(1 << 24);
    if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) ((float*)data)[i] = (float)value;
    if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE) ((double*)data)[i] = value;
  }
}

typedef struct {
  size_t inputs, outputs;
  char **input_names, **output_names;
  OrtValue **values, **results;
  void** data;
} Feed;

static OrtValue* make_input(OrtSession* session, size_t index, OrtMemoryInfo* info, void** data) {
  OrtTypeInfo* type;
  const OrtTensorTypeAndShapeInfo* tensor;
  ONNXTensorElementDataType element;
  size_t rank, count = 1;
  int64_t dims[16];
  must(api->SessionGetInputTypeInfo(session, index, &type), "input");
  must(api->CastTypeInfoToTensorInfo(type, &tensor), "input");
  if (tensor == NULL) fail("input", "it is no tensor");
  must(api->GetTensorElementType(tensor, &element), "input");
  must(api->GetDimensionsCount(tensor, &rank), "input");
  if (rank > 16 || element_bytes(element) == 0) fail("input", "its type is not one that can be made up");
  must(api->GetDimensions(tensor, dims, rank), "input");
  for (size_t i = 0; i < rank; i++) {
    if (dims[i] < 0) dims[i] = 1;
    count *= (size_t)dims[i];
  }
  *data = calloc(count == 0 ? 1 : count, element_bytes(element));
  if (*data == NULL) fail("input", "out of memory");
  fill(*data, count, element);
  OrtValue* value;
  must(api->CreateTensorWithDataAsOrtValue(info, *data, count * element_bytes(element), dims, rank, element, &value), "input");
  api->ReleaseTypeInfo(type);
  return value;
}

static Feed make_feed(OrtSession* session, OrtAllocator* allocator, OrtMemoryInfo* info) {
  Feed feed;
  must(api->SessionGetInputCount(session, &feed.inputs), "inputs");
  must(api->SessionGetOutputCount(session, &feed.outputs), "outputs");
  feed.input_names = calloc(feed.inputs + 1, sizeof *feed.input_names);
  feed.output_names = calloc(feed.outputs + 1, sizeof *feed.output_names);
  feed.values = calloc(feed.inputs + 1, sizeof *feed.values);
  feed.results = calloc(feed.outputs + 1, sizeof *feed.results);
  feed.data = calloc(feed.inputs + 1, sizeof *feed.data);
  for (size_t i = 0; i < feed.inputs; i++) {
    must(api->SessionGetInputName(session, i, allocator, &feed.input_names[i]), "input name");
    feed.values[i] = make_input(session, i, info, &feed.data[i]);
  }
  for (size_t i = 0; i < feed.outputs; i++) must(api->SessionGetOutputName(session, i, allocator, &feed.output_names[i]), "output name");
  return feed;
}

static void end_feed(Feed* feed, OrtAllocator* allocator) {
  for (size_t i = 0; i < feed->inputs; i++) {
    api->ReleaseValue(feed->values[i]);
    free(feed->data[i]);
    must(api->AllocatorFree(allocator, feed->input_names[i]), "input name");
  }
  for (size_t i = 0; i < feed->outputs; i++) must(api->AllocatorFree(allocator, feed->output_names[i]), "output name");
  free(feed->input_names);
  free(feed->output_names);
  free(feed->values);
  free(feed->results);
  free(feed->data);
}

static void run(OrtSession* session, Feed* feed) {
  must(api->Run(session, NULL, (const char* const*)feed->input_names, (const OrtValue* const*)feed->values, feed->inputs,
                (const char* const*)feed->output_names, feed->outputs, feed->results),
       "run");
  for (size_t i = 0; i < feed->outputs; i++) {
    api->ReleaseValue(feed->results[i]);
    feed->results[i] = NULL;
  }
}

static OrtSessionOptions* session_options(const Options* o, int number) {
  OrtSessionOptions* options;
  must(api->CreateSessionOptions(&options), "options");
  must(api->SetSessionGraphOptimizationLevel(options, (GraphOptimizationLevel)o->level), "level");
  must(api->SetSessionExecutionMode(options, o->parallel ? ORT_PARALLEL : ORT_SEQUENTIAL), "mode");
  must(api->SetIntraOpNumThreads(options, o->threads), "threads");
  must(api->SetInterOpNumThreads(options, o->parallel ? 2 : 1), "threads");
  must(api->SetSessionLogSeverityLevel(options, 4), "log");
  if (!o->pattern) must(api->DisableMemPattern(options), "pattern");
  if (!o->arena) must(api->DisableCpuMemArena(options), "arena");
  if (!o->arena && !o->plain) must(api->AddSessionConfigEntry(options, "session.use_env_allocators", "1"), "configuration");
  for (int i = 0; i < o->configs; i++) {
    char key[256];
    const char* equals = strchr(o->config[i], '=');
    if (equals == NULL || (size_t)(equals - o->config[i]) >= sizeof key) fail("--config", o->config[i]);
    memcpy(key, o->config[i], (size_t)(equals - o->config[i]));
    key[equals - o->config[i]] = 0;
    must(api->AddSessionConfigEntry(options, key, equals + 1), "configuration");
  }
  if (o->save != NULL) must(api->SetOptimizedModelFilePath(options, o->save), "save");
  if (o->trace != NULL) {
    char prefix[4096];
    snprintf(prefix, sizeof prefix, "%s/%d", o->trace, number);
    must(api->EnableProfiling(options, prefix), "profiling");
  }
  return options;
}

static void* read_whole(const char* path, size_t* bytes) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) fail(path, "cannot be read");
  fseek(file, 0, SEEK_END);
  *bytes = (size_t)ftell(file);
  rewind(file);
  void* data = malloc(*bytes + 1);
  if (data == NULL || fread(data, 1, *bytes, file) != *bytes) fail(path, "cannot be read");
  fclose(file);
  return data;
}

static void tell_text(const char* text) {
  putchar('"');
  for (; *text != 0; text++) {
    if (*text == '"' || *text == '\\') putchar('\\');
    putchar(*text == '\n' ? ' ' : *text);
  }
  putchar('"');
}

static void probe(OrtEnv* env, OrtMemoryInfo* info, const Options* o, const char* model, int number) {
  OrtAllocator* allocator;
  OrtSession* session;
  must(api->GetAllocatorWithDefaultOptions(&allocator), "allocator");
  printf("{\"model\":");
  tell_text(model);
  printf(",");
  counting.peak = counting.in_use;
  reset_most();
  uint64_t before = counting.in_use;
  tell_point("before");
  OrtSessionOptions* options = session_options(o, number);
  if (o->bytes) {
    size_t bytes;
    void* data = read_whole(model, &bytes);
    must(api->CreateSessionFromArray(env, data, bytes, options, &session), "load");
    free(data);
  } else {
    must(api->CreateSession(env, model, options, &session), "load");
  }
  api->ReleaseSessionOptions(options);
  uint64_t load_peak = counting.peak - before;
  printf(",");
  tell_point("loaded");
  Feed feed = make_feed(session, allocator, info);
  reset_most();
  uint64_t resting = counting.in_use, heap_before = heap(), peak = 0;
  printf(",");
  tell_point("ready");
  struct timespec started = {0, 0}, ended;
  for (int i = 0; i < o->runs; i++) {
    if (i == 1) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &started);
    if (i == 0 && o->trace != NULL) {
      char path[4096];
      snprintf(path, sizeof path, "%s/%d.trace", o->trace, number);
      counting.trace = fopen(path, "w");
      if (counting.trace == NULL) fail(path, "cannot be written");
    }
    counting.peak = counting.in_use;
    counting.unseen_peak = heap_before;
    counting.watches_heap = o->trace == NULL && i == 0;
    counting.marks = 0;
    run(session, &feed);
    counting.watches_heap = false;
    if (counting.trace != NULL) {
      fclose(counting.trace);
      counting.trace = NULL;
    }
    if (counting.peak - resting > peak) peak = counting.peak - resting;
    if (i == 0) printf(",\"firstRunBytes\":%" PRIu64 ",\"unseenPeakBytes\":%" PRIu64, counting.peak - resting, counting.unseen_peak - heap_before);
  }
  printf(",\"runBytes\":%" PRIu64 ",\"loadBytes\":%" PRIu64 ",\"restingBytes\":%" PRIu64 ",\"unseenBytes\":%" PRId64, peak, load_peak, resting - before,
         (int64_t)(heap() - heap_before));
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
  if (o->runs > 1)
    printf(",\"runMilliseconds\":%.4f", ((double)(ended.tv_sec - started.tv_sec) * 1e3 + (double)(ended.tv_nsec - started.tv_nsec) / 1e6) / (o->runs - 1));
  printf(",");
  tell_point("ran");
  if (o->trace != NULL) {
    char* profile;
    must(api->SessionEndProfiling(session, allocator, &profile), "profile");
    printf(",\"profile\":");
    tell_text(profile);
    must(api->AllocatorFree(allocator, profile), "profile");
  }
  printf("}\n");
  fflush(stdout);
  end_feed(&feed, allocator);
  api->ReleaseSession(session);
}

static void open_library(const Options* o) {
  /* ONNX Runtime's packages report sessions to their maker unless this says not to. */
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  void* library = dlopen(o->lib, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) fail("library", dlerror());
  const OrtApiBase* (*base)(void);
  *(void**)&base = dlsym(library, "OrtGetApiBase");
  if (base == NULL) fail("library", "it has no OrtGetApiBase");
  const char* version = base()->GetVersionString();
  const char* minor = strchr(version, '.');
  api_version = minor == NULL ? 0 : atoi(minor + 1);
  if (api_version > ORT_API_VERSION) api_version = ORT_API_VERSION;
  api = base()->GetApi((uint32_t)api_version);
  if (api == NULL) fail("library", "it does not have the interface of its version");
  printf("{\"version\":\"%s\",", version);
  tell_point("library");
  printf("}\n");
}

static long number(const char* text) {
  char* end;
  long value = strtol(text, &end, 10);
  if (end == text || *end != 0 || value < 0) fail("not a number", text);
  return value;
}

int main(int argc, char** argv) {
  Options o = {.threads = 1, .runs = 1};
  int at = 1;
  for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
    const char* name = argv[at] + 2;
    if (strcmp(name, "pattern") == 0) o.pattern = true;
    else if (strcmp(name, "arena") == 0) o.arena = true;
    else if (strcmp(name, "plain") == 0) o.plain = true;
    else if (strcmp(name, "parallel") == 0) o.parallel = true;
    else if (strcmp(name, "bytes") == 0) o.bytes = true;
    else if (at + 1 >= argc) fail("no value or no such option", argv[at]);
    else {
      const char* value = argv[++at];
      if (strcmp(name, "lib") == 0) o.lib = value;
      else if (strcmp(name, "trace") == 0) o.trace = value;
      else if (strcmp(name, "save") == 0) o.save = value;
      else if (strcmp(name, "threads") == 0) o.threads = (int)number(value);
      else if (strcmp(name, "runs") == 0) o.runs = (int)number(value);
      else if (strcmp(name, "level") == 0) o.level = (int)number(value);
      else if (strcmp(name, "data-limit") == 0) o.data_limit = (uint64_t)number(value);
      else if (strcmp(name, "config") == 0 && o.configs < MOST_CONFIG) o.config[o.configs++] = value;
      else fail("no such option", argv[at - 1]);
    }
  }
  if (o.lib == NULL || at == argc) fail("usage", "probe --lib LIBRARY [options] MODEL...");
  pthread_mutex_init(&counting.lock, NULL);
  open_library(&o);
  if (o.data_limit != 0) {
    struct rlimit limit = {o.data_limit, o.data_limit};
    if (setrlimit(RLIMIT_DATA, &limit) != 0) fail("--data-limit", "refused");
  }
  OrtEnv* env;
  OrtMemoryInfo* info;
  must(api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "probe", &env), "environment");
  must(api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &info), "memory info");
  if (!o.arena && !o.plain) register_counting(env);
  volatile int failed = 0;
  for (volatile int i = at; i < argc; i++) {
    in_model = true;
    if (setjmp(next_model) == 0) probe(env, info, &o, argv[i], i - at);
    else failed = 1; /* what it held is left behind */
    in_model = false;
  }
  api->ReleaseMemoryInfo(info);
  if (!failed) api->ReleaseEnv(env);
  return failed;
}
