-- FROZEN: one store of the first schema in use: a room of two chats, a message with its copies, a delivery of each kind of
-- fate, a post in flight, journal, cursor, holds. Never change this file.
PRAGMA user_version = 1;
UPDATE id_counter SET next = 5000;
INSERT INTO meta (key, value) VALUES ('written_by', 'v0.1.0');
INSERT INTO capabilities (hash, data) VALUES ('h1', '{}');
INSERT INTO account (id, name, network, state, code, sentence, action, since, epoch, last_seq, capabilities, hold_until, hold_code, fails)
  VALUES (1, 'tg', 'telegram', 'connected', '', '', '', 1700000000000, 7, 41, 'h1', 0, '', 0),
         (2, 'wa', 'whatsapp', 'down', 'gone', 'It is gone.', 'Wait.', 1700000000000, 3, 9, '', 1700000060000, 'flood', 2);
INSERT INTO chat (id, account, network, remote_id, remote_group, title, members)
  VALUES (10, 1, 'telegram', '-1001', '-1001', 'Telegrammers', 12), (11, 2, 'whatsapp', 'g1', 'g1', 'Whatsappers', 0);
INSERT INTO lane (chat, hold_until, until_resumed, why_code, why_sentence, why_action, fails) VALUES (11, 0, 1, 'muted', 'Muted.', 'Unmute.', 4);
INSERT INTO room (id, name, title, next_seq) VALUES (20, 'lobby', 'The lobby', 3);
INSERT INTO link (chat, room, direction, paused, name_style, on_uncertain) VALUES (10, 20, 'both', 0, 'own_line', 'resend'), (11, 20, 'out', 1, 'prefix', 'drop');
INSERT INTO person (id, display) VALUES (30, 'Ada');
INSERT INTO identity (id, network, user, person, name) VALUES (31, 'telegram', 'u1', 30, 'Ada'), (32, 'whatsapp', 'w1', 30, 'Ada L.');
INSERT INTO alias (network, kind, value, identity) VALUES ('telegram', 'username', 'ada', 31);
INSERT INTO source_cursor (account, item, value) VALUES (1, 'offset', x'3432');
INSERT INTO journal (account, key, chat, kind, seen_at, payload) VALUES (1, 'update-41', 10, 'message', 1700000000000, NULL), (1, 'odd', 10, 'unknown', 1700000000000, x'00ff');
INSERT INTO message (id, room, seq, origin, sender, sender_kind, sent_at, changed_at, content)
  VALUES (40, 20, 1, 10, 31, 'user', 1700000000000, 1700000000500, '{"t":{"b":"hello","s":[{"a":0,"e":5,"k":"bold"}]}}'),
         (41, 20, 2, 10, 31, 'user', 1700000001000, 1700000001500, NULL);
INSERT INTO copy (chat, remote_id, at, id, message, part, revision, digest, origin, sent_at, edits, emoji)
  VALUES (10, 'm1', 0, 50, 40, 0, 0, '', 1, 1700000000000, 0, ''), (11, 'c1', 0, 51, 40, 0, 0, 'd', 0, 1700000002000, 1, '["👍"]');
INSERT INTO reaction (message, identity, chat, emoji) VALUES (40, 31, 10, '🎉');
INSERT INTO media (sha256, size, mime, stored_at) VALUES ('ab', 3, 'image/png', 1700000000000);
INSERT INTO delivery (id, chat, kind, message, revision, state, planned_at, ended_at, why_code)
  VALUES (60, 11, 'send', 40, 0, 'delivered', 1700000000500, 1700000002000, ''), (61, 11, 'send', 41, 0, 'refused', 1700000001500, 1700000003000, 'too_long'),
         (62, 11, 'edit', 40, 1, 'in_flight', 1700000004000, NULL, ''), (63, 11, 'react', 40, 1, 'waiting', 1700000005000, NULL, '');
INSERT INTO post (delivery, id, chat, message, part, revision, key, remote, frozen, state, attempts, deaths, epoch, sent_at, outcome)
  VALUES (62, 70, 11, 40, 0, 1, 'k70', 'g1', '{"a":"edit","t":{"b":"hello"},"tg":["c1"]}', 'in_flight', 1, 0, 3, 1700000004500, '');
INSERT INTO post_member (post, delivery, part, at) VALUES (70, 62, 0, 0);
