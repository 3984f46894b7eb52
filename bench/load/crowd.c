/*
 * A crowd of SMTP clients, each from an address of its own in 127.0.0.0/8, a connection for each session: the load that
 * smtp-source cannot make, since it comes from one address. It knows as little as smtp-source does, so that the server is measured.
 *
 *   crowd PORT MODE ADDRESSES FIRST AT_ONCE RATE SECONDS DOMAIN
 *
 * MODE relay: EHLO, MAIL, RCPT to another domain, QUIT. guess: RCPT to a new name of DOMAIN each time. mixed: one and the other in
 * turn. knock: connect, read one reply. honest: a whole message to user1@DOMAIN. FIRST: the number of the first address (127.F.F.F).
 * RATE: sessions begun a second, however many are under way (0: a new one as soon as one ends, AT_ONCE of them).
 * Prints one line of JSON: sessions ended, by the last code heard; how long they took from connect to the last reply.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum mode { RELAY, GUESS, KNOCK, HONEST };

struct session {
  int fd;              /* -1: free */
  enum mode mode;
  int step;            /* replies heard */
  int code;            /* of the last reply */
  double began_ms;
  int held;
  char heard[2048];
};

static int port, addresses, first, at_once, rate;
static const char *domain, *mode_name;
static struct session *sessions;
static int *freed, freed_count;
static int poll_fd;
static long begun, ended, failed, open_now, counts[1000];
static double *times_ms;
static long times_room, times_count;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void finish(struct session *s, int heard_all) {
  close(s->fd);
  s->fd = -1;
  open_now--;
  freed[freed_count++] = (int)(s - sessions);
  if (!heard_all && s->code == 0) {
    failed++;
    return;
  }
  ended++;
  counts[s->code]++;
  if (times_count == times_room) {
    times_room = times_room ? times_room * 2 : 65536;
    times_ms = realloc(times_ms, times_room * sizeof *times_ms);
    if (!times_ms) die("realloc");
  }
  times_ms[times_count++] = now_ms() - s->began_ms;
}

static void begin(void) {
  struct session *s = &sessions[freed[--freed_count]];
  int on = 1;
  unsigned which = (unsigned)(first + begun % addresses);
  struct sockaddr_in from = {.sin_family = AF_INET};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};

  s->mode = !strcmp(mode_name, "relay")   ? RELAY
            : !strcmp(mode_name, "guess") ? GUESS
            : !strcmp(mode_name, "knock") ? KNOCK
            : !strcmp(mode_name, "honest") ? HONEST
                                           : (begun / addresses) % 2 ? GUESS : RELAY;
  begun++;
  open_now++;
  s->step = s->code = s->held = 0;
  s->began_ms = now_ms();
  s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (s->fd < 0) die("socket");
  setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  from.sin_addr.s_addr = htonl(0x7f000000u + which);
  to.sin_addr.s_addr = htonl(0x7f000001u);
  if (bind(s->fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind");
  if (connect(s->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
    finish(s, 0);
    return;
  }
  if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, s->fd, &event) < 0) die("epoll_ctl");
}

static int say(struct session *s, const char *text) {
  size_t length = strlen(text);
  /* Small writes into an empty socket buffer are never cut. */
  if (send(s->fd, text, length, MSG_NOSIGNAL) == (ssize_t)length) return 1;
  finish(s, 0);
  return 0;
}

/* One whole reply has come: answer it, or end. */
static void answer(struct session *s) {
  static const char body[] = "Subject: an honest message\r\nFrom: <friend@far.example>\r\n\r\n";
  static char message[4096 + 16];
  char line[256];

  s->step++;
  if (s->mode == KNOCK || s->code == 421 || (s->code >= 400 && s->mode == HONEST) || (s->step == 1 && s->code != 220)) {
    finish(s, 1);
    return;
  }
  switch (s->step) {
    case 1:
      say(s, "EHLO crowd.far.example\r\n");
      return;
    case 2:
      say(s, "MAIL FROM:<friend@far.example>\r\n");
      return;
    case 3:
      if (s->code >= 400) {
        finish(s, 1);
        return;
      }
      if (s->mode == RELAY) snprintf(line, sizeof line, "RCPT TO:<someone%ld@elsewhere.example>\r\n", begun);
      else if (s->mode == GUESS) snprintf(line, sizeof line, "RCPT TO:<guess%ld@%s>\r\n", begun, domain);
      else snprintf(line, sizeof line, "RCPT TO:<user1@%s>\r\n", domain);
      say(s, line);
      return;
    case 4:
      if (s->mode == HONEST) {
        say(s, "DATA\r\n");
        return;
      }
      /* What was said to RCPT is what counts; the goodbye is heard, so that sessions end as they should. */
      snprintf(line, sizeof line, "QUIT\r\n");
      say(s, line);
      return;
    case 5:
      if (s->mode != HONEST) {
        finish(s, 1);
        return;
      }
      if (!message[0]) {
        strcpy(message, body);
        memset(message + sizeof body - 1, 'x', 4096 - sizeof body);
        for (size_t at = sizeof body + 70; at < 4094; at += 72) memcpy(message + at, "\r\n", 2);
        strcpy(message + 4096 - 1, "\r\n.\r\n");
      }
      say(s, message);
      return;
    default:
      finish(s, 1);
  }
}

static void hear(struct session *s) {
  for (;;) {
    ssize_t got = recv(s->fd, s->heard + s->held, sizeof s->heard - 1 - (size_t)s->held, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) {
      finish(s, s->step > 0);
      return;
    }
    s->held += (int)got;
    s->heard[s->held] = 0;
    char *line = s->heard, *end;
    while ((end = strstr(line, "\r\n"))) {
      int last = end - line >= 3 && line[3] != '-';
      if (last) {
        int code = atoi(line);
        /* The reply to QUIT tells nothing of the session. */
        if (!(s->mode != HONEST && s->step == 4)) s->code = code >= 0 && code < 1000 ? code : 0;
        s->held = 0;
        answer(s);
        return;
      }
      line = end + 2;
    }
    s->held -= (int)(line - s->heard);
    memmove(s->heard, line, (size_t)s->held + 1);
    if (s->held == (int)sizeof s->heard - 1) {
      finish(s, 0);
      return;
    }
  }
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double quantile(double share) {
  return times_count ? times_ms[(long)(share * (double)(times_count - 1))] : 0;
}

int main(int argc, char **argv) {
  if (argc != 9) {
    fprintf(stderr, "usage: crowd PORT MODE ADDRESSES FIRST AT_ONCE RATE SECONDS DOMAIN\n");
    return 2;
  }
  port = atoi(argv[1]);
  mode_name = argv[2];
  addresses = atoi(argv[3]);
  first = atoi(argv[4]);
  at_once = atoi(argv[5]);
  rate = atoi(argv[6]);
  double seconds = atof(argv[7]);
  domain = argv[8];

  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  sessions = calloc((size_t)at_once, sizeof *sessions);
  freed = calloc((size_t)at_once, sizeof *freed);
  if (!sessions || !freed) die("calloc");
  for (int i = at_once - 1; i >= 0; i--) {
    sessions[i].fd = -1;
    freed[freed_count++] = i;
  }
  poll_fd = epoll_create1(0);

  double start = now_ms(), stop = start + seconds * 1e3;
  struct epoll_event events[256];
  struct rusage used;
  for (;;) {
    double now = now_ms();
    if (now >= stop) break;
    long due = rate > 0 ? (long)((now - start) / 1e3 * rate) + 1 : begun + freed_count;
    while (freed_count > 0 && begun < due) begin();
    int ready = epoll_wait(poll_fd, events, 256, rate > 0 ? 1 : 50);
    for (int i = 0; i < ready; i++) {
      struct session *s = events[i].data.ptr;
      if (s->fd >= 0) hear(s);
    }
  }
  double took = (now_ms() - start) / 1e3;
  getrusage(RUSAGE_SELF, &used);
  qsort(times_ms, (size_t)times_count, sizeof *times_ms, by_size);
  printf("{\"sessions\":%ld,\"seconds\":%.4f,\"failed\":%ld,\"unfinished\":%ld,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"cpuSeconds\":%.3f,\"codes\":{", ended,
         took, failed, open_now, quantile(0.5), quantile(0.99),
         (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
  const char *comma = "";
  for (int code = 0; code < 1000; code++)
    if (counts[code]) {
      printf("%s\"%d\":%ld", comma, code, counts[code]);
      comma = ",";
    }
  printf("}}\n");
  return 0;
}
