/* A target without libFuzzer: so many inputs, each a seed that was mutated; equal arguments give equal inputs.
 *
 *     TARGET RUNS SEED FAILED [SEEDS...]     inputs are mutated seeds; the one that broke something is written to FAILED
 *     TARGET replay FILES...                 each file is an input
 *
 * An input that takes longer than HANG_S ends the program.
 */
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz.h"

#define MOST_BYTES 4096u
#define MOST_SEEDS 1024u
#define HANG_S 10

__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t capacity, unsigned seed);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

/* A broken law and every sanitizer's complaint end in one place, save_input. gcc's two sanitizers are two libraries: by
 * SIGABRT the one comes to the other. */
const char *__asan_default_options(void) {
    return "handle_abort=1";
}

const char *__ubsan_default_options(void) {
    return "abort_on_error=1";
}

typedef struct {
    uint8_t *bytes;
    size_t count;
} input;

static struct {
    uint64_t random;
    input seeds[MOST_SEEDS];
    size_t seed_count;
    const char *failed;
    const uint8_t *bytes; /* of the input under way */
    size_t count;
} run;

static uint32_t draw(uint32_t below) { /* splitmix64: Steele, Lea, Flood, OOPSLA 2014 */
    run.random += 0x9E3779B97F4A7C15u;
    uint64_t x = run.random;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((x ^ (x >> 31)) >> 32) % below;
}

static void save_input(void) {
    FILE *file = run.failed == NULL ? NULL : fopen(run.failed, "wb");
    if (file != NULL) {
        (void)fwrite(run.bytes, 1, run.count, file);
        (void)fclose(file);
    }
}

static void hang(int number) {
    (void)number;
    static const char SAYS[] = "FUZZ: an input takes too long\n";
    (void)!write(STDERR_FILENO, SAYS, sizeof SAYS - 1u);
    save_input();
    _exit(3);
}

/* Its block ends where the input does. */
static void try_input(const uint8_t *bytes, size_t count) {
    const struct itimerval limit = {.it_value = {.tv_sec = HANG_S}};
    uint8_t *exact = fuzz_copy(bytes, count);
    run.bytes = exact;
    run.count = count;
    (void)setitimer(ITIMER_REAL, &limit, NULL);
    (void)LLVMFuzzerTestOneInput(exact, count);
    run.count = 0;
    free(exact);
}

static size_t insert(uint8_t *bytes, size_t count, size_t capacity, const uint8_t *from, size_t length) {
    if (length > capacity - count) {
        return count;
    }
    const size_t at = draw((uint32_t)count + 1u);
    memmove(bytes + at + length, bytes + at, count - at);
    memcpy(bytes + at, from, length);
    return count + length;
}

static size_t take_out(uint8_t *bytes, size_t count) {
    const size_t at = draw((uint32_t)count);
    const size_t left = count - at;
    const size_t length = 1u + draw((uint32_t)(left < 16u ? left : 16u));
    memmove(bytes + at, bytes + at + length, left - length);
    return count - length;
}

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t capacity) {
    static const uint8_t EDGES[] = {0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF};
    uint8_t piece[32];
    const input *other = run.seed_count == 0 ? NULL : &run.seeds[draw((uint32_t)run.seed_count)];
    const size_t length = 1u + draw(sizeof piece);
    const size_t at = count == 0 ? 0 : draw((uint32_t)count);
    switch (count == 0 ? 3u : draw(8)) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << draw(8));
        return count;
    case 1:
        bytes[at] = EDGES[draw(sizeof EDGES)];
        return count;
    case 2:
        bytes[at] = (uint8_t)draw(256);
        return count;
    case 3:
        for (size_t i = 0; i < length; i++) {
            piece[i] = (uint8_t)draw(256);
        }
        return insert(bytes, count, capacity, piece, length);
    case 4:
        return take_out(bytes, count);
    case 5: /* a part of it once more */
        if (at + length <= count) {
            memcpy(piece, bytes + at, length);
            return insert(bytes, count, capacity, piece, length);
        }
        return at;
    case 6: /* the end of another seed */
        if (other != NULL && other->count > 0) {
            const size_t from = draw((uint32_t)other->count);
            const size_t rest = other->count - from < capacity - at ? other->count - from : capacity - at;
            memcpy(bytes + at, other->bytes + from, rest);
            return at + rest;
        }
        return count;
    default:
        bytes[at] = (uint8_t)(bytes[at] + 1u - 2u * draw(2));
        return count;
    }
}

static void try_mutated(void) {
    static uint8_t bytes[MOST_BYTES];
    size_t count = 0;
    if (run.seed_count > 0) {
        const input *seed = &run.seeds[draw((uint32_t)run.seed_count)];
        count = seed->count;
        memcpy(bytes, seed->bytes, count);
    }
    for (uint32_t n = 1u + draw(6); n > 0; n--) {
        count = LLVMFuzzerMutate(bytes, count, sizeof bytes);
    }
    if (LLVMFuzzerCustomMutator != NULL) {
        count = LLVMFuzzerCustomMutator(bytes, count, sizeof bytes, draw(256));
    }
    try_input(bytes, count);
}

static input load(const char *path) {
    static uint8_t room[1u << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "FUZZ: cannot read %s\n", path);
        exit(2);
    }
    const size_t count = fread(room, 1, sizeof room, file);
    (void)fclose(file);
    return (input){fuzz_copy(room, count), count};
}

static int replay(char **paths, int count) {
    for (int i = 0; i < count; i++) {
        input one = load(paths[i]);
        try_input(one.bytes, one.count);
        free(one.bytes);
    }
    printf("%d input%s replayed\n", count, count == 1 ? "" : "s");
    return 0;
}

int main(int count, char **words) {
    (void)signal(SIGALRM, hang);
    if (count >= 2 && strcmp(words[1], "replay") == 0) {
        return replay(words + 2, count - 2);
    }
    if (count < 4) {
        fprintf(stderr, "usage: %s RUNS SEED FAILED [SEEDS...] | replay FILES...\n", words[0]);
        return 2;
    }
    const unsigned long runs = strtoul(words[1], NULL, 0);
    run.random = strtoul(words[2], NULL, 0);
    run.failed = words[3];
    __sanitizer_set_death_callback(save_input);
    for (int i = 4; i < count && run.seed_count < MOST_SEEDS; i++) {
        input seed = load(words[i]);
        try_input(seed.bytes, seed.count);
        seed.count = seed.count < MOST_BYTES ? seed.count : MOST_BYTES;
        run.seeds[run.seed_count++] = seed;
    }
    for (unsigned long n = 0; n < runs; n++) {
        try_mutated();
    }
    printf("%lu inputs\n", runs + run.seed_count);
    return 0;
}
