/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtio-console (virtio 1.2, 5.3): byte streams between the guest and character backends. With one console port this is
 * two queues; more ports add a pair of control queues, on which both sides announce and open ports.
 *
 * Served by the event thread with the device lock held, as the backends are. No side waits for the other: input that finds
 * no buffer stays with the backend (chr_resume()), output a backend does not take stays in the queue (writable()).
 */
#include "virtio/console.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backends/chr.h"
#include "core/log.h"
#include "virtio/console_options.h"

#define QUEUE_SIZE 64
#define CONTROL_RX 2
#define CONTROL_TX 3
#define OUTPUT_PER_TURN 65536	/* bytes before others get the event thread */
#define CONTROL_PER_TURN 64	/* messages */
#define CONFIG_SIZE offsetof(struct virtio_console_config, emerg_wr)
#define PCI_CLASS_COMMUNICATION 0x07
#define PCI_SUBCLASS_OTHER 0x80
#define COLS_DEFAULT 80
#define ROWS_DEFAULT 25

/* Control messages a port still has to send, in this order. State, not a queue: a driver that asks for ever costs nothing. */
enum {
	SEND_ADD = 1 << 0,
	SEND_CONSOLE = 1 << 1,
	SEND_RESIZE = 1 << 2,
	SEND_NAME = 1 << 3,
	SEND_OPEN = 1 << 4,
};

struct console;

struct port {
	struct console *console;
	unsigned int index;
	struct chr *chr;
	const struct console_port_options *opts;
	bool guest_open;
	unsigned int send;	/* SEND_* */
	uint32_t out_off;	/* bytes of the next output chain that are written already */
	bool out_waits;		/* for chr's writable() */
};

struct console {
	struct virtio_dev vd;
	struct console_options opts;
	struct port port[CONSOLE_PORTS_MAX];
	uint16_t cols, rows;
	struct queue_chain chain;
};

static struct console *to_console(struct virtio_dev *vd)
{
	return (struct console *)((char *)vd - offsetof(struct console, vd));
}

/* 5.3.2: port 0 has queues 0 and 1, the control queues are 2 and 3, port n has 2n + 2 and 2n + 3. */
static unsigned int rx_queue(const struct port *p)
{
	return p->index ? 2 * p->index + 2 : 0;
}

static struct port *port_of_queue(struct console *con, unsigned int queue)
{
	return &con->port[queue < 2 ? 0 : queue / 2 - 1];
}

static bool multiport(const struct console *con)
{
	return virtio_has(&con->vd, VIRTIO_CONSOLE_F_MULTIPORT);
}

/* --- input: backend -> guest --- */

/* chr_reader.input. */
static size_t port_input(void *arg, const uint8_t *buf, size_t len)
{
	struct port *p = arg;
	struct console *con = p->console;
	unsigned int queue = rx_queue(p);
	struct virtqueue *vq = &con->vd.queues[queue].vq;
	size_t done = 0;
	uint32_t n;

	if (!con->vd.started || !p->guest_open)
		return 0;
	queue_notify_disable(vq);
	while (done < len) {
		if (!virtio_pop(&con->vd, queue, &con->chain)) {
			if (!virtio_notify_enable(&con->vd, queue))
				break;
			continue;
		}
		if (con->chain.in_len == 0) {
			virtio_break(&con->vd, "console input buffer that is not writable");
			break;
		}
		n = queue_chain_write(&con->chain, 0, buf + done, len - done);
		queue_push(vq, con->chain.head, n);
		done += n;
	}
	virtio_signal(&con->vd, queue);
	return done;
}

/* --- output: guest -> backend --- */

/* Writes what is left of con->chain, at most *@budget bytes. Returns true when the chain is done. */
static bool write_chain(struct console *con, struct port *p, size_t *budget)
{
	const struct queue_chain *c = &con->chain;
	uint32_t off = p->out_off, base = 0, i;
	size_t part, n;

	for (i = 0; i < c->nr_out; base += c->iov[i++].iov_len) {
		if (off >= base + c->iov[i].iov_len)
			continue;
		part = base + c->iov[i].iov_len - off;
		if (part > *budget)
			part = *budget;
		n = part ? chr_write(p->chr, (const uint8_t *)c->iov[i].iov_base + (off - base), part) : 0;
		off += n;
		*budget -= n;
		p->out_waits = n < part;
		if (off < base + c->iov[i].iov_len) {
			p->out_off = off;
			return false;
		}
	}
	p->out_off = 0;
	return true;
}

static void port_output(struct port *p)
{
	struct console *con = p->console;
	unsigned int queue = rx_queue(p) + 1;
	struct virtqueue *vq = &con->vd.queues[queue].vq;
	size_t budget = OUTPUT_PER_TURN;

	do {
		queue_notify_disable(vq);
		while (budget && virtio_pop(&con->vd, queue, &con->chain)) {
			if (con->chain.nr_in) {
				virtio_break(&con->vd, "console output buffer that is writable");
				break;
			}
			if (!write_chain(con, p, &budget)) {
				queue_unpop(vq);
				break;
			}
			queue_push(vq, con->chain.head, 0);
		}
	} while (budget && !p->out_waits && virtio_notify_enable(&con->vd, queue));
	virtio_signal(&con->vd, queue);
	if (!budget)
		virtio_kick(&con->vd, queue);
}

/* chr_reader.writable. */
static void port_writable(void *arg)
{
	struct port *p = arg;

	p->out_waits = false;
	if (p->console->vd.started)
		port_output(p);
}

/* --- control queues (5.3.6.2) --- */

/* What message the lowest bit of p->send stands for. Returns the text behind it, or NULL. */
static const char *next_message(const struct port *p, struct virtio_console_control *m)
{
	*m = (struct virtio_console_control){ .id = p->index, .value = 1 };
	switch (p->send & -p->send) {
	case SEND_ADD:
		m->event = VIRTIO_CONSOLE_PORT_ADD;
		break;
	case SEND_CONSOLE:
		m->event = VIRTIO_CONSOLE_CONSOLE_PORT;
		break;
	case SEND_RESIZE:
		m->event = VIRTIO_CONSOLE_RESIZE;
		break;
	case SEND_NAME:
		m->event = VIRTIO_CONSOLE_PORT_NAME;
		return p->opts->name;
	default:
		m->event = VIRTIO_CONSOLE_PORT_OPEN;
		break;
	}
	return NULL;
}

/* Puts one message into con->chain; returns its length. */
static uint32_t put_message(struct console *con, struct port *p)
{
	/* The spec's resize message is columns, then rows; Linux reads it as rows first, and drivers follow Linux. */
	uint16_t size[2] = { con->rows, con->cols };
	struct virtio_console_control m;
	const char *text = next_message(p, &m);
	uint32_t n = queue_chain_write(&con->chain, 0, &m, sizeof(m));

	if (m.event == VIRTIO_CONSOLE_RESIZE)
		n += queue_chain_write(&con->chain, n, size, sizeof(size));
	else if (text)
		n += queue_chain_write(&con->chain, n, text, strlen(text));
	p->send &= p->send - 1;
	return n;
}

static struct port *port_with_message(struct console *con)
{
	unsigned int i;

	for (i = 0; i < con->opts.nr_ports; i++) {
		if (con->port[i].send)
			return &con->port[i];
	}
	return NULL;
}

static void send_control(struct console *con)
{
	struct virtqueue *vq = &con->vd.queues[CONTROL_RX].vq;
	struct port *p;

	while ((p = port_with_message(con))) {
		if (!virtio_pop(&con->vd, CONTROL_RX, &con->chain)) {
			if (!virtio_notify_enable(&con->vd, CONTROL_RX))
				break;
			continue;
		}
		if (con->chain.in_len < sizeof(struct virtio_console_control)) {
			virtio_break(&con->vd, "control buffer too small for a message");
			break;
		}
		queue_push(vq, con->chain.head, put_message(con, p));
	}
	virtio_signal(&con->vd, CONTROL_RX);
}

static void take_message(struct console *con, const struct virtio_console_control *m)
{
	struct port *p = m->id < con->opts.nr_ports ? &con->port[m->id] : NULL;
	unsigned int i;

	if (m->event == VIRTIO_CONSOLE_DEVICE_READY && m->value == 1) {
		for (i = 0; i < con->opts.nr_ports; i++)
			con->port[i].send |= SEND_ADD;
		return;
	}
	if (!p)
		return;
	if (m->event == VIRTIO_CONSOLE_PORT_READY && m->value == 1) {
		p->send |= SEND_OPEN | (*p->opts->name ? SEND_NAME : 0);
		if (p->opts->console)
			p->send |= SEND_CONSOLE | (virtio_has(&con->vd, VIRTIO_CONSOLE_F_SIZE) ? SEND_RESIZE : 0);
	} else if (m->event == VIRTIO_CONSOLE_PORT_OPEN) {
		p->guest_open = m->value;
		if (p->guest_open)
			chr_resume(p->chr);
	}
}

static void receive_control(struct console *con)
{
	struct virtqueue *vq = &con->vd.queues[CONTROL_TX].vq;
	struct virtio_console_control m;
	int left = CONTROL_PER_TURN;

	do {
		queue_notify_disable(vq);
		while (left && virtio_pop(&con->vd, CONTROL_TX, &con->chain)) {
			left--;
			if (queue_chain_read(&con->chain, 0, &m, sizeof(m)) < sizeof(m)) {
				virtio_break(&con->vd, "control message shorter than its header");
				break;
			}
			/* Back first: what the message starts uses con->chain again. */
			queue_push(vq, con->chain.head, 0);
			take_message(con, &m);
		}
	} while (left && virtio_notify_enable(&con->vd, CONTROL_TX));
	virtio_signal(&con->vd, CONTROL_TX);
	send_control(con);
	if (!left)
		virtio_kick(&con->vd, CONTROL_TX);
}

/* --- the device --- */

static void console_notify(struct virtio_dev *vd, unsigned int index)
{
	struct console *con = to_console(vd);
	struct port *p;

	if (index >= CONTROL_RX && !multiport(con))
		return;
	if (index == CONTROL_RX) {
		send_control(con);
	} else if (index == CONTROL_TX) {
		receive_control(con);
	} else {
		p = port_of_queue(con, index);
		if (index == rx_queue(p))
			chr_resume(p->chr);
		else if (!p->out_waits)
			port_output(p);
	}
}

static void console_start(struct virtio_dev *vd)
{
	struct console *con = to_console(vd);
	unsigned int i;

	/* Without control queues there is one port, and it is open. */
	if (!multiport(con))
		con->port[0].guest_open = true;
	for (i = 0; i < vd->nr_queues; i++)
		console_notify(vd, i);
}

static bool console_reset(struct virtio_dev *vd)
{
	struct console *con = to_console(vd);
	unsigned int i;

	for (i = 0; i < con->opts.nr_ports; i++) {
		con->port[i].guest_open = false;
		con->port[i].send = 0;
		con->port[i].out_off = 0;
	}
	return true;
}

static void console_destroy(struct virtio_dev *vd)
{
	struct console *con = to_console(vd);
	unsigned int i;

	for (i = 0; i < con->opts.nr_ports; i++)
		chr_close(con->port[i].chr);
	virtio_fini(vd);
	free(con);
}

static void fill_config(struct console *con, bool multi)
{
	struct virtio_console_config c = { .max_nr_ports = con->opts.nr_ports };
	struct winsize w;

	con->cols = COLS_DEFAULT;
	con->rows = ROWS_DEFAULT;
	if (!strcmp(con->opts.port[0].spec, "stdio") && ioctl(STDIN_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col && w.ws_row) {
		con->cols = w.ws_col;
		con->rows = w.ws_row;
	}
	c.cols = con->cols;
	c.rows = con->rows;
	con->vd.offered |= 1ULL << VIRTIO_CONSOLE_F_SIZE;
	if (multi)
		con->vd.offered |= 1ULL << VIRTIO_CONSOLE_F_MULTIPORT;
	con->vd.config_size = CONFIG_SIZE;
	memcpy(con->vd.config, &c, CONFIG_SIZE);
}

static int open_ports(struct console *con, struct vm *vm)
{
	struct chr_reader reader = { .input = port_input, .writable = port_writable };
	unsigned int i;
	int ret;

	for (i = 0; i < con->opts.nr_ports; i++) {
		con->port[i].console = con;
		con->port[i].index = i;
		con->port[i].opts = &con->opts.port[i];
		reader.arg = &con->port[i];
		ret = chr_open(vm, con->opts.port[i].spec, reader, &con->port[i].chr);
		if (ret)
			return ret;
	}
	return 0;
}

static int console_create(const struct virtio_params *params, struct virtio_dev **out)
{
	struct console *con = calloc(1, sizeof(*con));
	bool multi;
	int ret;

	if (!con)
		return -ENOMEM;
	ret = console_options_parse(params->opts, &con->opts);
	/* Without control queues a driver takes the only port for a console. */
	multi = con->opts.nr_ports > 1 || !con->opts.port[0].console;
	if (!ret)
		ret = virtio_init(&con->vd, &console_ops, multi ? 2 * (con->opts.nr_ports + 1) : 2, QUEUE_SIZE);
	if (ret) {
		free(con);
		return ret;
	}
	fill_config(con, multi);
	ret = open_ports(con, params->vm);
	if (ret) {
		console_destroy(&con->vd);
		return ret;
	}
	*out = &con->vd;
	return 0;
}

const struct virtio_ops console_ops = {
	.name = "virtio-console",
	.type = VIRTIO_ID_CONSOLE,
	.pci_class = PCI_CLASS_COMMUNICATION,
	.pci_subclass = PCI_SUBCLASS_OTHER,
	.create = console_create,
	.destroy = console_destroy,
	.start = console_start,
	.reset = console_reset,
	.notify = console_notify,
};
