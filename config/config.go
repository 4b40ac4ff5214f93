// SPDX-License-Identifier: Apache-2.0

// Package config reads causeway.yaml. It answers every mistake with one line that names the file, the
// line and what to write instead, and it keeps secrets out of everything that is printed.
//
// The structs in this file are the source of the commented example, the JSON Schema and the reference
// page: their comments and tags are what an operator reads.
package config

import (
	"path/filepath"
	"time"
)

//go:generate go run ./gen

// Config is everything that the router reads at its start. A Config from Load has all defaults filled
// in, absolute paths and its secrets resolved.
type Config struct {
	// DataDir is the folder that holds the store, the spool of media, the bridges' session files and
	// the control socket. It must belong to Causeway alone.
	DataDir string `yaml:"data_dir" default:"/var/lib/causeway" format:"path"`
	// Listen is the address of health and metrics: /livez, /readyz and /metrics. Port 0 takes any free
	// one.
	Listen string `yaml:"listen" default:"127.0.0.1:8787" format:"listen"`
	// ListenPublic allows a `listen` address that other machines can reach. Without it only loopback
	// addresses are taken, because nobody is asked for a password there.
	ListenPublic bool `yaml:"listen_public" default:"false"`
	// PluginDir is the folder with the plugins, `causeway-bridge-NAME`. When it is not given, they are
	// looked for beside the `causeway` binary.
	PluginDir string `yaml:"plugin_dir" format:"path" example:"/usr/lib/causeway"`
	// Accounts are the logins, by a name of your choice. The name is part of the address of every chat
	// (`tg:-1001234567890`), so it cannot be changed later without losing the chats' history.
	Accounts map[string]*Account `yaml:"accounts" names:"account"`
	// Checksums are the SHA-256 sums of plugins, by file name. A plugin that is named here is started
	// only when its file has this sum.
	Checksums map[string]string `yaml:"checksums" pattern:"^[0-9a-f]{64}$" example:"{causeway-bridge-telegram: 0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8}"`
	// Rooms are the joined conversations that are fixed by this file. Rooms can also be made by command,
	// `causeway room link`; a room from this file is changed in this file alone.
	Rooms map[string]*Room `yaml:"rooms" names:"room"`
	// Outage says when rooms hear of an account that cannot be reached.
	Outage Outage `yaml:"outage"`
	// Notices says how rooms hear of who comes and goes.
	Notices Notices `yaml:"notices"`
	// Outbox times the sending of posts.
	Outbox Outbox `yaml:"outbox"`
	// Media bounds the attachments that are carried from network to network.
	Media Media `yaml:"media"`
	// Supervisor times the plugin processes.
	Supervisor Supervisor `yaml:"supervisor"`
	// Retention says how long things are kept.
	Retention Retention `yaml:"retention"`
	// Log says what is written to the standard error stream.
	Log Log `yaml:"log"`

	runtimeDir string
}

// Account is one login on one network. Beside these keys it takes those of its network, which the
// network's bridge describes.
type Account struct {
	// Network is the name of the network: the bridge `causeway-bridge-NETWORK` runs the account.
	Network string `yaml:"network" required:"true"`
	// Proxy is the URL of a proxy to the network, for places where it is blocked: `http://`, `https://`
	// or `socks5://`, with user and password if it needs them.
	Proxy Secret `yaml:"proxy" format:"proxy" secret:"true" example:"socks5://127.0.0.1:9050"`
	// Limits are our own pacing. What is not given stays as the network's usual limits are; `off` switches
	// pacing off, which leaves only the waits that the network itself asks for.
	Limits *Limits `yaml:"limits" example:"{per_chat: [1/s, 20/min], per_account: 30/s}"`

	document Secret
}

// Limits are the pace of one account. A list of rates means that all of them hold.
type Limits struct {
	// Off switches pacing off; then the rates are empty. In the file it is written `limits: off`.
	Off bool `yaml:"-"`
	// PerChat are the rates for each chat.
	PerChat []Rate `yaml:"per_chat" format:"rate"`
	// PerAccount are the rates for all chats of the account together.
	PerAccount []Rate `yaml:"per_account" format:"rate"`
}

// Room is a joined conversation: its chats mirror each other.
type Room struct {
	// Title is the name that people see. When it is not given, the room's name in this file is used.
	Title string `yaml:"title" example:"Lobby"`
	// Language is the language in which Causeway itself speaks in the room: in notices, and around messages.
	Language string `yaml:"language" default:"en" enum:"en,ar"`
	// Chats are the chats of the room, each as `account:remote-id` or as an object with further keys.
	// `causeway chat ls` shows the chats that an account sees.
	Chats []Link `yaml:"chats" required:"true" example:"[\"tg:-1001234567890\", \"wa:120363041234567890@g.us\"]"`
}

// Link is a chat's membership of a room.
type Link struct {
	// Chat is the address of the chat, `account:remote-id`.
	Chat Chat `yaml:"chat" required:"true" format:"chat" example:"tg:-1001234567890"`
	// Direction says which way messages go: `both`, `in` (from the chat into the room alone) or `out`
	// (from the room into the chat alone).
	Direction string `yaml:"direction" default:"both" enum:"both,in,out"`
	// NameStyle says how the sender is shown in this chat: on a `line` of its own, as a `prefix` of the
	// text, or not at all (`none`).
	NameStyle string `yaml:"name_style" default:"line" enum:"line,prefix,none"`
	// OnUncertain says what happens to a post whose answer was lost: `repeat` it, which may show it
	// twice, or `drop` it, which may lose it.
	OnUncertain string `yaml:"on_uncertain" default:"repeat" enum:"repeat,drop"`
	// Notices says what this chat hears of the others besides what people say: `none`, `changes` (titles,
	// pictures, pins, calls), or `all` (also who comes and goes).
	Notices string `yaml:"notices" default:"changes" enum:"none,changes,all"`
	// CatchUp says what this chat is brought of what was said while its account could not be reached: `all`, with
	// several texts in one post and the time of each, `digest`, which is the same but sums up a long backlog with a file,
	// or `none`.
	CatchUp string `yaml:"catch_up" default:"all" enum:"all,digest,none"`
}

// Outage says when rooms hear of an account that cannot be reached.
type Outage struct {
	// NoticeAfter is how long an account must be away before its rooms are told; shorter flaps say
	// nothing. A room is told in the chats that still work, once for each outage, if somebody there is affected; the same
	// line says when it is over.
	NoticeAfter time.Duration `yaml:"notice_after" default:"3m" min:"1ms"`
	// NoticeLimit caps the notices of all rooms together, their edits included, so that an outage which thousands of rooms
	// are to hear of floods no network. What is over it comes later, if it is still news then.
	NoticeLimit Rate `yaml:"notice_limit" default:"60/min" format:"rate"`
}

// Notices says how rooms hear of who comes and goes, in chats whose notices are `all`.
type Notices struct {
	// CountFor is how long those are counted who come to a chat, or leave it, after the first. One line then tells of all
	// of them, by name while they are few, so that a crowd is a line each minute and not one for each of its people.
	CountFor time.Duration `yaml:"count_for" default:"1m" min:"1s"`
}

// Outbox times the sending of posts.
type Outbox struct {
	// DeliverTimeout is how long a bridge may take over one post before its fate counts as uncertain. Files have more
	// time, by their size.
	DeliverTimeout time.Duration `yaml:"deliver_timeout" default:"1m" min:"10ms"`
	// RetryBase is the wait before the first repeat of a post that failed; each further wait doubles.
	RetryBase time.Duration `yaml:"retry_base" default:"1s" min:"1ms"`
	// RetryCap is the longest wait between two repeats.
	RetryCap time.Duration `yaml:"retry_cap" default:"5m" min:"1ms"`
	// SettleWait is how long a post whose answer was lost waits for proof that it arrived, on networks that give such
	// proof later, as Signal does with receipts.
	SettleWait time.Duration `yaml:"settle_wait" default:"1m" min:"10ms"`
}

// Media bounds the attachments that are carried from network to network.
type Media struct {
	// Wait is how long a delivery waits for the bytes of an attachment; then it goes out with a line
	// that names the file.
	Wait time.Duration `yaml:"wait" default:"2m" min:"1ms"`
	// MaxSize is the size of the largest attachment that is carried. A larger one is named in a line.
	MaxSize Size `yaml:"max_size" default:"100MB" min:"1B"`
	// SpoolSize is how much disk the spool may use: the folder in which attachments lie until they are
	// delivered. When it is full, new ones wait for room as long as `wait` says.
	SpoolSize Size `yaml:"spool_size" default:"5GB" min:"1kB"`
}

// Supervisor times the plugin processes.
type Supervisor struct {
	// StartTimeout is how long a plugin may take from its start to its first answer.
	StartTimeout time.Duration `yaml:"start_timeout" default:"30s" min:"10ms"`
	// Heartbeat is the time between two signs of life that are asked of a plugin.
	Heartbeat time.Duration `yaml:"heartbeat" default:"5s" min:"10ms"`
	// DrainTimeout is how long a plugin may finish its work when it is stopped.
	DrainTimeout time.Duration `yaml:"drain_timeout" default:"10s" min:"1ms"`
	// BackoffBase is the wait before a plugin that ended is started again; each further wait doubles.
	BackoffBase time.Duration `yaml:"backoff_base" default:"1s" min:"1ms"`
	// BackoffCap is the longest wait before a plugin is started again.
	BackoffCap time.Duration `yaml:"backoff_cap" default:"1m" min:"1ms"`
	// ShortLife is how long a plugin must live, or else make progress, so that its end does not count
	// towards a crash loop.
	ShortLife time.Duration `yaml:"short_life" default:"1m" min:"1ms"`
	// CrashLoopRetry is the time between two tries once an account is down in a crash loop.
	CrashLoopRetry time.Duration `yaml:"crash_loop_retry" default:"10m" min:"1ms"`
}

// Retention says how long things are kept.
type Retention struct {
	// Bodies is how long the text of a message is kept after its last delivery, so that replies can
	// quote it and edits can find it. Attachments go soon after the last delivery.
	Bodies time.Duration `yaml:"bodies" default:"24h" min:"1s"`
	// Deliveries is how long ended deliveries are remembered: `causeway queue ls --ended` lists those that
	// did not arrive.
	Deliveries time.Duration `yaml:"deliveries" default:"7d"`
	// Keys is how long the keys of seen events are kept, by which repeats are known. It must be longer
	// than a network keeps what we have not fetched.
	Keys time.Duration `yaml:"keys" default:"35d" min:"1h"`
	// IDs is how long after a message's last change it is known which copies it has, so that replies,
	// edits and reactions find it.
	IDs time.Duration `yaml:"ids" default:"400d" min:"1h"`
}

// Log says what is written to the standard error stream.
type Log struct {
	// Level is the least important level that is written.
	Level string `yaml:"level" default:"info" enum:"debug,info,warn,error"`
	// Format is `text`, `json`, or `auto`: text, in the form that the systemd journal expects when the
	// stream leads there.
	Format string `yaml:"format" default:"auto" enum:"auto,text,json"`
}

// ControlSocket is the path of the unix socket on which the running router answers the command line.
func (c *Config) ControlSocket() string { return filepath.Join(c.DataDir, "run", "control.sock") }

// RuntimeDir is the folder for the plugins' sockets: $RUNTIME_DIRECTORY, else "run" below DataDir.
func (c *Config) RuntimeDir() string {
	if c.runtimeDir != "" {
		return c.runtimeDir
	}
	return filepath.Join(c.DataDir, "run")
}

// BridgeConfig is the JSON document of the keys that the account's bridge described, with the proxy and
// with secrets in clear: it goes to the bridge over the wire and nowhere else.
func (a *Account) BridgeConfig() []byte { return []byte(a.document.Reveal()) }
