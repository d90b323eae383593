// For tests: the allocation of the native core that fails, chosen from outside. Linked into a core
// of its own with --wrap=malloc and --wrap=realloc; C++'s own new is replaced here.

#include <cstdlib>
#include <new>

namespace {

long left = -1;  // allocations until the one that fails; below 0: none does

bool fails() { return left >= 0 && left-- == 0; }

}  // namespace

extern "C" {

void* __real_malloc(size_t size);
void* __real_realloc(void* old, size_t size);
void* __wrap_malloc(size_t size) { return fails() ? nullptr : __real_malloc(size); }
void* __wrap_realloc(void* old, size_t size) { return fails() ? nullptr : __real_realloc(old, size); }

__attribute__((visibility("default"))) void fail_after(long count) { left = count; }
// Whether it has failed by now.
__attribute__((visibility("default"))) int has_failed() { return left < 0; }

}  // extern "C"

void* operator new(size_t size) {
    void* made = fails() ? nullptr : __real_malloc(size);
    if (!made) {
        throw std::bad_alloc();
    }
    return made;
}
void operator delete(void* made) noexcept { std::free(made); }
void operator delete(void* made, size_t) noexcept { std::free(made); }
