// Threads on the parts of the core that threads share, without Python: rings THREADS ROUNDS [broken].
// Built with the thread sanitizer by test_rings.py. Says what is wrong on stderr, and exits with 1.
// "broken": puts into the arena without the lock, which the sanitizer must see.

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "arena.hpp"
#include "shared_ring.hpp"

using namespace aiocollect;

namespace {

void wrong(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::_Exit(1);
}

// A record says whose it is and which, and then repeats a byte that follows from both.
struct Line {
    uint32_t producer, number;
    unsigned char fill() const { return static_cast<unsigned char>(producer * 31 + number * 7); }
    uint32_t size() const { return static_cast<uint32_t>(sizeof(Line)) + number % 97; }

    void write(char* out) const {
        std::memcpy(out, this, sizeof *this);
        std::memset(out + sizeof *this, fill(), size() - sizeof *this);
    }
};

// Whether each record is whole, and each producer's in order.
class Reader {
  public:
    explicit Reader(size_t threads) : next_(threads, 0) {}

    void look(const char* data, uint32_t size) {
        Line line;
        std::memcpy(&line, data, sizeof line);
        if (line.producer >= next_.size() || line.number != next_[line.producer]++) {
            wrong("a record was lost, doubled or out of order");
        }
        if (size != line.size()) {
            wrong("a record has another size");
        }
        for (uint32_t i = sizeof line; i < size; ++i) {
            if (static_cast<unsigned char>(data[i]) != line.fill()) {
                wrong("a record is torn");
            }
        }
        ++seen;
    }

    size_t seen = 0;

  private:
    std::vector<uint32_t> next_;
};

template <class Put>
std::vector<std::thread> producers(uint32_t threads, uint32_t rounds, Put put) {
    std::vector<std::thread> all;
    for (uint32_t producer = 0; producer < threads; ++producer) {
        all.emplace_back([=] {
            for (uint32_t number = 0; number < rounds; ++number) {
                while (!put(Line{producer, number})) {
                    std::this_thread::yield();
                }
            }
        });
    }
    return all;
}

void shared_ring(uint32_t threads, uint32_t rounds) {
    SharedRing ring(4096);  // small, so that it is full and goes round often
    auto all = producers(threads, rounds, [&ring](Line line) {
        return ring.put(line.size(), [&line](char* out) { line.write(out); });
    });
    Reader reader(threads);
    while (reader.seen < size_t{threads} * rounds) {
        if (!ring.take([&reader](const char* data, uint32_t size) { reader.look(data, size); })) {
            std::this_thread::yield();
        }
    }
    for (std::thread& thread : all) {
        thread.join();
    }
    if (ring.take([](const char*, uint32_t) {})) {
        wrong("a record too many");
    }
}

// So many accounts want more than there is, and keep what they got for a while; another one never
// uses more than its share.
void shared_budget(uint32_t threads, uint32_t rounds, uint32_t greedy) {
    constexpr int64_t kShare = 1000, kCommon = 3000;
    SharedBudget budget(kCommon);
    std::deque<SharedBudget::Account> accounts;
    for (uint32_t i = 0; i <= greedy; ++i) {
        accounts.emplace_back(kShare);
    }
    std::atomic<int64_t> held{0};  // counted after it was accepted, until before it is released
    std::vector<std::thread> all;
    for (uint32_t number = 0; number < threads; ++number) {
        all.emplace_back([&, number] {
            uint32_t chance = number * 2654435761u + 1;
            std::deque<std::pair<SharedBudget::Account*, int64_t>> kept;
            const auto let_go = [&] {
                held -= kept.front().second;
                budget.release(*kept.front().first, kept.front().second);
                kept.pop_front();
            };
            for (uint32_t round = 0; round < rounds; ++round) {
                chance = chance * 1664525u + 1013904223u;
                SharedBudget::Account& account = accounts[(chance >> 16) % greedy];
                const int64_t cost = 1 + (chance >> 22);
                if (budget.reserve(account, cost)) {
                    kept.emplace_back(&account, cost);
                    if ((held += cost) > kCommon + greedy * kShare) {
                        wrong("more is accepted than there is room for");
                    }
                }
                while (kept.size() > chance % 5) {
                    let_go();
                }
                if (number == 0) {
                    if (!budget.reserve(accounts[greedy], kShare)) {
                        wrong("a call within its share was refused");
                    }
                    budget.release(accounts[greedy], kShare);
                }
            }
            while (!kept.empty()) {
                let_go();
            }
        });
    }
    for (std::thread& thread : all) {
        thread.join();
    }
    for (SharedBudget::Account& account : accounts) {
        if (account.used.load() != 0) {
            wrong("an account is not empty at the end");
        }
    }
    if (budget.over() != 0) {
        wrong("the sum beyond the shares is not 0 at the end");
    }
}

// The arena under a lock that stands for the GIL: the reader looks at the records that it has
// detached without it, as the drain does.
void arena(uint32_t threads, uint32_t rounds, bool broken) {
    Arena arena;
    std::mutex gil;
    auto all = producers(threads, rounds, [&](Line line) {
        std::unique_lock<std::mutex> held(gil, std::defer_lock);
        if (!broken) {
            held.lock();
        }
        Record* record = arena.reserve(line.size());
        record->kind = Kind::kArray;
        line.write(record->cells());
        arena.commit(record);
        return true;
    });
    Reader reader(threads);
    while (reader.seen < size_t{threads} * rounds) {
        std::vector<Record*> records;
        {
            std::lock_guard<std::mutex> held(gil);
            arena.walk([&records](Record* record) {
                records.push_back(record);
                return records.size() < 100;
            });
        }
        for (Record* record : records) {
            Line line;
            std::memcpy(&line, record->cells(), sizeof line);
            reader.look(record->cells(), line.size());
        }
        std::lock_guard<std::mutex> held(gil);
        for (size_t i = 0; i < records.size(); ++i) {
            arena.pop();
        }
    }
    for (std::thread& thread : all) {
        thread.join();
    }
    if (arena.front()) {
        wrong("a record too many");
    }
}

}  // namespace

int main(int count, char** arguments) {
    const uint32_t threads = static_cast<uint32_t>(std::atoi(arguments[1]));
    const uint32_t rounds = static_cast<uint32_t>(std::atoi(arguments[2]));
    shared_ring(threads, rounds);
    shared_budget(threads, rounds, 1);
    shared_budget(threads, rounds, 2);
    arena(threads, rounds, count > 3);
    return 0;
}
