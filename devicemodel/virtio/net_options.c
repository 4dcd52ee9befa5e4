/* SPDX-License-Identifier: BSD-3-Clause */
/* virtio-net's options. */
#include "virtio/net_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/vm.h"

#define MAC_MULTICAST 0x01
#define MAC_LOCAL 0x02

static int bad(const char *word, const char *right)
{
	log_error("virtio-net: bad option \"%s\": it should be %s", word, right);
	return -EINVAL;
}

static int set_tap(struct net_options *o, const char *name, const char *word)
{
	if (!*name || strlen(name) >= sizeof(o->tap) || strchr(name, '/'))
		return bad(word, "tap=NAME with 1 to 15 characters");
	strcpy(o->tap, name);
	return 0;
}

static int set_mac(struct net_options *o, const char *text, const char *word)
{
	static const char usage[] = "mac=XX:XX:XX:XX:XX:XX, six hexadecimal bytes, the first one even, not all 0";
	static const uint8_t none[6];
	int end = 0;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &o->mac[0], &o->mac[1], &o->mac[2], &o->mac[3], &o->mac[4],
		   &o->mac[5], &end) != 6 || text[end])
		return bad(word, usage);
	if (o->mac[0] & MAC_MULTICAST || !memcmp(o->mac, none, sizeof(none)))
		return bad(word, usage);
	return 0;
}

/* FNV-1a: spreads the few characters that differ over all bytes of the address. */
static uint64_t hash(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 0x100000001b3ULL;
	return h * 0x100000001b3ULL;
}

static void make_mac(struct net_options *o, const char *seed, const char *place)
{
	uint64_t h = hash(hash(0xcbf29ce484222325ULL, seed), place);

	memcpy(o->mac, &h, sizeof(o->mac));
	o->mac[0] = (o->mac[0] & ~MAC_MULTICAST) | MAC_LOCAL;
}

struct words {
	const char *seed;
	bool have_mac;
};

static int take_word(struct net_options *o, struct words *w, const char *word)
{
	if (!strncmp(word, "tap=", 4))
		return set_tap(o, word + 4, word);
	if (!strncmp(word, "mac=", 4)) {
		w->have_mac = true;
		return set_mac(o, word + 4, word);
	}
	if (!strncmp(word, "mac_seed=", 9)) {
		w->seed = word + 9;
		return *w->seed ? 0 : bad(word, "mac_seed=TEXT");
	}
	if (!strcmp(word, "vhost")) {
		log_error("virtio-net: option \"vhost\" is not supported: leave it out, acrn-dm then moves the frames itself");
		return -EINVAL;
	}
	if (*word && !*o->tap && !strchr(word, '='))
		return set_tap(o, word, word);
	log_error("virtio-net: unknown option \"%s\": there are tap=NAME, mac=ADDRESS and mac_seed=TEXT", word);
	return -EINVAL;
}

int net_options_parse(const struct virtio_params *params, struct net_options *o)
{
	struct words w = { .seed = params->vm->name };
	char *copy = strdup(params->opts), *rest = copy, *word;
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	memset(o, 0, sizeof(*o));
	while (!ret && *params->opts && (word = strsep(&rest, ",")))
		ret = take_word(o, &w, word);
	if (!ret && !*o->tap) {
		log_error("virtio-net: no interface given: it should be virtio-net,tap=NAME[,mac=ADDRESS]");
		ret = -EINVAL;
	}
	if (!ret && !w.have_mac)
		make_mac(o, w.seed, params->place);
	free(copy);
	return ret;
}
