/* SPDX-License-Identifier: Apache-2.0 */
/* Thread-local variables of C, with destructors that write down what they were called with. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static _Thread_local void* first;
static _Thread_local void* second;
static _Atomic long calls_of[2];
static _Atomic long order;

void** first_variable(void) { return &first; }
void** second_variable(void) { return &second; }
void set_first(void* value) { first = value; }
void set_second(void* value) { second = value; }
long calls(int which) { return calls_of[which]; }
/* Decimal digits of the destructors that were called, the earliest first. */
long called_in_order(void) { return order; }

static void* run(void* body) {
  ((void (*)(void))body)();
  return NULL;
}
/* Runs it in a thread, to the end of that thread: Thread.join() before 3.13 comes back earlier. */
int in_thread(void (*body)(void)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, run, (void*)body) != 0) return -1;
  return pthread_join(thread, NULL);
}

void destroy_first(void* value) {
  calls_of[0] += (long)value;
  order = order * 10 + 1;
}
void destroy_second(void* value) {
  calls_of[1] += (long)value;
  order = order * 10 + 2;
}
void say_goodbye(void* value) {
  char text[64];
  const int length = snprintf(text, sizeof text, "goodbye %ld\n", (long)value);
  if (write(1, text, (size_t)length) != length) _exit(3);
}
