/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command socket: connections, lines, and what waits to be sent. Nothing here blocks: a client that does not read is
 * dropped once MONITOR_OUT_MAX bytes wait for it. A client is only freed by reap(), when no loop over clients is under way.
 */
#include "core/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/event.h"
#include "core/log.h"
#include "core/monitor_cmd.h"
#include "core/monitor_peer.h"
#include "core/listener.h"
#include "core/options.h"
#include "core/reboot.h"
#include "core/timer.h"
#include "core/vm.h"

#define READ_SIZE 16384u
#define LAST_WORDS_MS 300		/* for clients that still have to read at the end */

struct client {
	struct monitor *m;
	int fd;
	struct event *event;
	struct monitor_client_state state;
	bool dead, ending;		/* ending: closed once all is sent */
	char *in, *out;
	size_t in_len, out_len, out_size;
	struct client *next;
};

struct monitor {
	struct vm *vm;
	struct listener socket;
	struct event *event;
	gid_t group;
	struct client *clients;
	unsigned int nr_clients;
	unsigned int busy;		/* loops over clients under way */
	uint64_t seq;			/* of the last event */
};

static void reap(struct monitor *m)
{
	struct client **at = &m->clients, *c;

	while (!m->busy && (c = *at)) {
		if (!c->dead) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		m->nr_clients--;
		if (c->state.tied) {
			log_info("monitor: the connection that VM '%s' is tied to has ended", m->vm->name);
			vm_request_stop(m->vm, VM_STOP_DESTROY);
		}
		event_del(c->event);
		close(c->fd);
		free(c->in);
		free(c->out);
		free(c);
	}
}

/* Sends what the socket takes. */
static void flush(struct client *c)
{
	ssize_t n = 0;

	while (!c->dead && c->out_len) {
		n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n <= 0)
			break;
		c->out_len -= n;
		memmove(c->out, c->out + n, c->out_len);
	}
	if (c->out_len && errno != EAGAIN && errno != EINTR)
		c->dead = true;
	if (!c->out_len && c->ending)
		c->dead = true;
	if (!c->dead && c->event)
		event_modify(c->event, (c->ending ? 0 : EPOLLIN) | (c->out_len ? EPOLLOUT : 0));
}

static bool make_room(struct client *c, size_t len)
{
	size_t size = c->out_size ? c->out_size : 4096;
	char *bigger;

	if (c->out_len + len > MONITOR_OUT_MAX)
		return false;
	while (size < c->out_len + len)
		size *= 2;
	if (size == c->out_size)
		return true;
	bigger = realloc(c->out, size);
	if (!bigger)
		return false;
	c->out = bigger;
	c->out_size = size;
	return true;
}

/* Sends the object, which is consumed, as a line. */
static void say(struct client *c, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;

	if (!c->dead && text && make_room(c, len + 1)) {
		memcpy(c->out + c->out_len, text, len);
		c->out[c->out_len + len] = '\n';
		c->out_len += len + 1;
		flush(c);
	} else if (!c->dead) {
		log_warn("monitor: dropped a client that does not read, %zu bytes wait for it", c->out_len);
		c->dead = true;
	}
	free(text);
	json_decref(object);
}

/* A last answer; then the connection is closed. */
static void turn_away(struct client *c, const char *code, const char *message)
{
	c->ending = true;
	say(c, monitor_refusal(code, message));
}

static void obey(struct client *c, const char *line, size_t len)
{
	if (len && line[len - 1] == '\r')
		len--;
	if (len)
		say(c, monitor_obey(c->m->vm, line, len, &c->state));
}

/* Obeys all whole lines; what is left of the last one stays. */
static void take_lines(struct client *c)
{
	size_t start = 0;
	char *end;

	while (!c->dead && !c->ending && (end = memchr(c->in + start, '\n', c->in_len - start))) {
		obey(c, c->in + start, end - (c->in + start));
		start = end - c->in + 1;
	}
	c->in_len -= start;
	memmove(c->in, c->in + start, c->in_len);
	if (c->in_len == MONITOR_LINE_MAX && !c->dead && !c->ending)
		turn_away(c, "too_long", "a request is one line of at most 65536 bytes");
}

static void client_read(struct client *c)
{
	size_t room = MONITOR_LINE_MAX - c->in_len;
	ssize_t n = recv(c->fd, c->in + c->in_len, room < READ_SIZE ? room : READ_SIZE, MSG_DONTWAIT);

	if (n > 0) {
		c->in_len += n;
		take_lines(c);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* It says no more, but may still want to hear the answers. A last line may lack its newline. */
	if (n == 0 && c->in_len)
		obey(c, c->in, c->in_len);
	c->ending = true;
	flush(c);
	c->dead = c->dead || n < 0;
}

static void client_ready(void *arg, uint32_t events)
{
	struct client *c = arg;
	struct monitor *m = c->m;

	m->busy++;
	if (events & EPOLLOUT)
		flush(c);
	if (!c->dead && !c->ending && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		client_read(c);
	else if (events & (EPOLLHUP | EPOLLERR))
		c->dead = true;
	m->busy--;
	reap(m);
}

static json_t *greeting(const struct vm *vm)
{
	return json_pack("{s:s, s:i, s:s, s:o, s:i, s:s, s:{s:i, s:i}}", "greeting", "acrn-dm", "protocol",
			 MONITOR_PROTOCOL, "version", DM_VERSION, "vm", monitor_text(vm->name), "pid", (int)getpid(),
			 "state", monitor_state_name(vm), "limits", "line", (int)MONITOR_LINE_MAX, "clients",
			 MONITOR_CLIENTS_MAX);
}

static struct client *client_create(struct monitor *m, int fd)
{
	struct event_handler handler = { .fn = client_ready };
	struct client *c = calloc(1, sizeof(*c));

	handler.arg = c;
	if (c)
		c->in = malloc(MONITOR_LINE_MAX);
	if (!c || !c->in || event_add(m->vm, fd, EPOLLIN, handler, &c->event)) {
		if (c)
			free(c->in);
		free(c);
		return NULL;
	}
	c->m = m;
	c->fd = fd;
	c->next = m->clients;
	m->clients = c;
	m->nr_clients++;
	return c;
}

static void accept_ready(void *arg, uint32_t events)
{
	struct monitor *m = arg;
	int fd = accept4(m->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c = fd >= 0 ? client_create(m, fd) : NULL;
	char why[160];

	(void)events;
	if (!c) {
		if (fd >= 0)
			close(fd);
		return;
	}
	m->busy++;
	if (!monitor_peer_allowed(fd, m->group, why, sizeof(why))) {
		log_warn("monitor: %s", why);
		turn_away(c, "not_permitted", why);
	} else if (m->nr_clients > MONITOR_CLIENTS_MAX) {
		turn_away(c, "too_many", "16 clients are connected already, more cannot be");
	} else {
		say(c, greeting(m->vm));
	}
	/* Whoever is turned away holds no place, even if it does not read why. */
	if (c->ending)
		c->dead = true;
	m->busy--;
	reap(m);
}

/*
 * A connection that whoever launched us holds the other end of (ACRN_TIED, its number): the VM is tied to it before it exists, so
 * it does not outlive a launcher that dies before it has said anything.
 */
static int take_tie(struct monitor *m)
{
	const char *text = getenv("ACRN_TIED");
	struct client *c;
	struct stat st;
	char *end;
	long fd;

	if (!text)
		return 0;
	fd = strtol(text, &end, 10);
	if (end == text || *end || fd < 3 || fd > INT_MAX || fstat((int)fd, &st) || !S_ISSOCK(st.st_mode)) {
		log_error("ACRN_TIED=%s is no descriptor of a socket", text);
		return -EINVAL;
	}
	unsetenv("ACRN_TIED");
	fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	c = client_create(m, (int)fd);
	if (!c)
		return -ENOMEM;
	c->state.tied = true;
	return 0;
}

static int begin(struct monitor *m)
{
	int err = event_add(m->vm, m->socket.fd, EPOLLIN, (struct event_handler){ accept_ready, m }, &m->event);

	err = err ? err : take_tie(m);
	if (err) {
		event_del(m->event);
		listener_close(&m->socket);
	}
	return err;
}

int monitor_open(struct vm *vm)
{
	const char *path = config_get(&vm->config, "monitor.path");
	const char *group = config_get(&vm->config, "monitor.group");
	struct monitor *m;
	int err;

	if (!path)
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->vm = vm;
	m->group = MONITOR_NO_GROUP;
	if (group && !monitor_group(group, &m->group)) {
		log_error("--cmd_monitor: there is no group '%s'", group);
		free(m);
		return -EINVAL;
	}
	err = listener_open(&m->socket, "--cmd_monitor", path, m->group);
	err = err ? err : begin(m);
	if (err)
		free(m);
	else
		vm->monitor = m;
	return err;
}

static uint64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

void monitor_event(struct vm *vm, const char *name, struct json_t *data)
{
	struct monitor *m = vm->monitor;
	json_t *event = data ? data : json_object();

	if (!m) {
		json_decref(event);
		return;
	}
	json_object_set_new(event, "event", json_string(name));
	json_object_set_new(event, "seq", json_integer(++m->seq));
	json_object_set_new(event, "time_ms", json_integer(wall_ms()));
	m->busy++;
	for (struct client *c = m->clients; c; c = c->next)
		if (c->state.subscribed && !c->dead && !c->ending)
			say(c, json_incref(event));
	m->busy--;
	json_decref(event);
	reap(m);
}

/* Gives clients that are slow to read a moment, all together. */
static void last_words(struct monitor *m)
{
	uint64_t end = clock_ns() + LAST_WORDS_MS * 1000000ull, now;

	while (m->clients && (now = clock_ns()) < end) {
		struct pollfd fds[MONITOR_CLIENTS_MAX + 1];
		nfds_t n = 0;

		for (struct client *c = m->clients; c && n < MONITOR_CLIENTS_MAX + 1; c = c->next)
			fds[n++] = (struct pollfd){ .fd = c->fd, .events = POLLOUT };
		if (poll(fds, n, (end - now) / 1000000 + 1) < 0 && errno != EINTR)
			return;
		for (struct client *c = m->clients; c; c = c->next)
			flush(c);
		reap(m);
	}
}

void monitor_close(struct vm *vm, int err)
{
	struct monitor *m = vm->monitor;

	if (!m)
		return;
	reboot_close(vm);
	/* First, so that who hears of the end may start the VM again at once. */
	event_del(m->event);
	listener_close(&m->socket);
	monitor_event(vm, "stopped", json_pack("{s:s, s:i}", "reason", vm_stop_name(vm, err), "exit_code",
					       vm_exit_code(vm, err)));
	/* It has its end, and its reason. */
	for (struct client *c = m->clients; c; c = c->next) {
		c->ending = true;
		c->state.tied = false;
	}
	last_words(m);
	for (struct client *c = m->clients; c; c = c->next)
		c->dead = true;
	reap(m);
	free(m);
	vm->monitor = NULL;
}

void monitor_started(struct vm *vm)
{
	vm_lock(vm);
	vm->life = vm->start_paused ? VM_LIFE_PAUSED : VM_LIFE_RUNNING;
	monitor_event(vm, "started", json_pack("{s:I}", "resets", (json_int_t)vm->nr_resets));
	if (vm->start_paused)
		monitor_event(vm, "paused", NULL);
	vm_unlock(vm);
}

static json_t *crash_facts(const struct vm *vm)
{
	const struct vm_crash *crash = &vm->crash;
	char rip[24];

	/* As text: JSON's numbers are signed, and kernels live in the upper half. */
	snprintf(rip, sizeof(rip), "0x%" PRIx64, crash->rip);
	return json_pack("{s:s, s:o, s:I, s:s}", "kind", crash->triple_fault ? "triple_fault" : "hypervisor", "why",
			 monitor_text(crash->why), "vcpu", (json_int_t)crash->vcpu_id, "rip", rip);
}

void monitor_ended(struct vm *vm)
{
	vm_lock(vm);
	vm->life = VM_LIFE_STOPPING;
	reboot_forget(vm);
	switch (vm_stop_reason(vm)) {
	case VM_STOP_POWEROFF:
		monitor_event(vm, "shutdown", NULL);
		break;
	case VM_STOP_RESET:
		vm->nr_resets++;
		monitor_event(vm, "reset", json_pack("{s:s}", "by", vm->reset_asked ? "monitor" : "guest"));
		vm->reset_asked = false;
		break;
	case VM_STOP_CRASH:
		monitor_event(vm, "crash", crash_facts(vm));
		break;
	default:
		break;
	}
	vm_unlock(vm);
}
