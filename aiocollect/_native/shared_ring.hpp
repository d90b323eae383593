// For Pythons without a GIL: a ring of bytes and a budget that many threads use at once, and no lock.
// No Python. Not connected yet: no such Python was at hand to run it with, so tools/build_native.py
// builds nothing there. tests/native/rings.cpp runs both under the thread sanitizer.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace aiocollect {

// Many producers, one consumer. A producer claims bytes by one compare-and-swap of the head, writes
// them, and publishes the record by storing its size; 0 is a record that is not published yet.
// Whoever stops between the two holds up the consumer, and no producer until the ring is full.
class SharedRing {
  public:
    // `capacity` in bytes: a power of two, at least 64.
    explicit SharedRing(size_t capacity)
        : capacity_(capacity), bytes_(new Word[capacity / sizeof(Word)]()) {}

    // A record of `size` bytes, written by write(char*), which must not fail; false: there is no room.
    template <class Write>
    bool put(uint32_t size, Write write) {
        const uint64_t whole = (sizeof(Word) + size + 7) & ~uint64_t{7};
        uint64_t head = head_.load(std::memory_order_relaxed);
        uint64_t gap;
        do {
            // What does not fit before the end begins at the beginning, after a gap.
            const uint64_t left = capacity_ - head % capacity_;
            gap = whole <= left ? 0 : left;
            if (head + gap + whole - tail_.load(std::memory_order_acquire) > capacity_) {
                return false;
            }
        } while (!head_.compare_exchange_weak(head, head + gap + whole, std::memory_order_relaxed));
        if (gap) {
            publish(head, kGap | gap);
        }
        write(at(head + gap) + sizeof(Word));
        publish(head + gap, uint64_t{size} + 1);
        return true;
    }

    // Has read(const char*, size) look at the oldest record, and removes it; false: there is none.
    template <class Read>
    bool take(Read read) {
        while (true) {
            const uint64_t tail = tail_.load(std::memory_order_relaxed);
            const uint64_t said = word(tail)->load(std::memory_order_acquire);
            if (said == 0) {
                return false;
            }
            const bool gap = said & kGap;
            const uint64_t whole = gap ? said & ~kGap : (sizeof(Word) + said - 1 + 7) & ~uint64_t{7};
            if (!gap) {
                read(at(tail) + sizeof(Word), static_cast<uint32_t>(said - 1));
            }
            // Zeros first: where the next record begins is anywhere in here.
            std::memset(at(tail), 0, whole);
            tail_.store(tail + whole, std::memory_order_release);
            if (!gap) {
                return true;
            }
        }
    }

  private:
    using Word = std::atomic<uint64_t>;
    static_assert(sizeof(Word) == 8 && Word::is_always_lock_free);
    static constexpr uint64_t kGap = uint64_t{1} << 63;

    const uint64_t capacity_;
    const std::unique_ptr<Word[]> bytes_;
    alignas(64) std::atomic<uint64_t> head_{0};  // the producers'
    alignas(64) std::atomic<uint64_t> tail_{0};  // the consumer's

    Word* word(uint64_t position) { return &bytes_[position % capacity_ / sizeof(Word)]; }
    char* at(uint64_t position) { return reinterpret_cast<char*>(word(position)); }

    void publish(uint64_t position, uint64_t said) {
        // What stands there is zeros, written by the consumer: a word is made of them again.
        (new (word(position)) Word)->store(said, std::memory_order_release);
    }
};

// A budget of bytes, of which each account has a share of its own; beyond it an account uses what no
// share keeps. `over` is at least the sum of what all accounts use beyond their shares: it grows
// before an account does, and falls after. So never is more accepted than there is room for, within
// its share an account is never refused, and beyond it a call can be refused while another one
// gives its room back.
class SharedBudget {
  public:
    struct Account {
        explicit Account(int64_t bytes) : share(bytes) {}
        const int64_t share;
        std::atomic<int64_t> used{0};
    };

    explicit SharedBudget(int64_t common) : common_(common) {}

    bool reserve(Account& account, int64_t cost) {
        int64_t used = account.used.load(std::memory_order_relaxed);
        while (true) {
            const int64_t more = beyond(account, used + cost) - beyond(account, used);
            if (more && over_.fetch_add(more) + more > common_) {
                over_.fetch_sub(more);
                return false;
            }
            if (account.used.compare_exchange_weak(used, used + cost)) {
                return true;
            }
            over_.fetch_sub(more);
        }
    }

    void release(Account& account, int64_t cost) {
        int64_t used = account.used.load(std::memory_order_relaxed);
        while (!account.used.compare_exchange_weak(used, used - cost)) {
        }
        over_.fetch_sub(beyond(account, used) - beyond(account, used - cost));
    }

    int64_t over() const { return over_.load(); }

  private:
    const int64_t common_;  // what no share keeps
    alignas(64) std::atomic<int64_t> over_{0};

    static int64_t beyond(const Account& account, int64_t used) {
        return used > account.share ? used - account.share : 0;
    }
};

}  // namespace aiocollect
