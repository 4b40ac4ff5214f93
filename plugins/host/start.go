// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/causeway-chat/causeway/plugins/wire"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// program is what is started.
type program struct {
	path, sha256 string
	workDir      string
	socketDir    string
	env          []string
}

// running is a started bridge that has shaken hands.
type running struct {
	*process
	conn   *grpc.ClientConn
	bridge pb.BridgeClient
}

// close kills the process with all of its group, waits for its end and closes the connection.
func (r *running) close() {
	r.end()
	r.conn.Close()
}

// start runs the program until it has shaken hands, or until ctx ends. A failed start leaves nothing behind.
func start(ctx context.Context, prog program, t *thread, logs *lineLog, opt Options) (*running, *fault) {
	if err := cleanSocketDir(prog.socketDir); err != nil {
		return nil, misfit(CodeRunDir, "%w", err)
	}
	execPath, file, f := verified(prog.path, prog.sha256)
	if f != nil {
		return nil, f
	}
	if file != nil {
		defer file.Close()
	}
	p := newProcess(prog.path, execPath, t, logs)
	p.dir = prog.workDir
	r, err := shakeHands(ctx, p, prog, opt)
	if err != nil {
		p.end()
		return nil, p.startFault(err)
	}
	return r, nil
}

// shakeHands starts the process through go-plugin and dials it. A go-plugin client serves one start.
func shakeHands(ctx context.Context, p *process, prog program, opt Options) (*running, error) {
	config := clientConfig(p, prog, opt)
	client := plugin.NewClient(config)
	stop := context.AfterFunc(ctx, p.kill) // Start knows no ctx
	defer stop()
	addr, err := client.Start()
	if err != nil {
		return nil, err
	}
	if err := within(prog.socketDir, addr); err != nil {
		return nil, err
	}
	conn, err := dial(addr, opt)
	if err != nil {
		return nil, err
	}
	return &running{process: p, conn: conn, bridge: pb.NewBridgeClient(conn)}, nil
}

func clientConfig(p *process, prog program, opt Options) *plugin.ClientConfig {
	return &plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: wire.CookieKey, MagicCookieValue: wire.CookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{wire.Major: {wire.PluginName: undispensed{}}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:      true,
		StartTimeout:     opt.StartTimeout,
		Logger:           hclog.NewNullLogger(),
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: prog.socketDir},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			p.takeEnv(cmd.Env, prog.socketDir, prog.env)
			return p, nil
		},
	}
}

// undispensed stands in go-plugin's set: the connection is our own, without go-plugin's broker and stdio streams, whose
// goroutines and calls without deadline would outlive a bridge that hangs.
type undispensed struct {
	plugin.NetRPCUnsupportedPlugin
	plugin.GRPCPlugin
}

func (undispensed) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, os.ErrInvalid
}

func (undispensed) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return os.ErrInvalid }

// within refuses a bridge that listens anywhere but in the folder that it was given. Nobody else may enter that folder, which
// is what guards the connection.
func within(socketDir string, addr net.Addr) error {
	if addr.Network() == "unix" && filepath.Dir(addr.String()) == filepath.Clean(socketDir) {
		return nil
	}
	return fmt.Errorf("it listens on %s %.200q, not in the folder of PLUGIN_UNIX_SOCKET_DIR", addr.Network(), addr)
}

// dial connects without encryption, and without what lets gRPC repeat calls: a post must be handed over once.
func dial(addr net.Addr, opt Options) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///bridge",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, addr.Network(), addr.String())
		}),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(opt.MaxMessage), grpc.MaxCallSendMsgSize(opt.MaxMessage)),
		grpc.WithStaticStreamWindowSize(wire.StreamWindow),
		grpc.WithStaticConnWindowSize(wire.ConnWindow),
		grpc.WithIdleTimeout(0),
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
	)
}

// Describe starts the program at path without an account, asks what it is and stops it.
func Describe(ctx context.Context, path, sha256 string, opt Options) (Description, error) {
	if err := refuseRecursion(); err != nil {
		return Description{}, err
	}
	opt = opt.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, opt.StartTimeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "causeway-")
	if err != nil {
		return Description{}, err
	}
	defer os.RemoveAll(dir)
	t := newThread()
	defer t.stop()
	prog := program{path: path, sha256: sha256, workDir: dir, socketDir: dir + "/s"}
	r, f := start(ctx, prog, t, newLineLog(opt.Log, opt.Now), opt)
	if f != nil {
		return Description{}, f
	}
	defer r.close()
	return describe(ctx, r)
}

func describe(ctx context.Context, r *running) (Description, error) {
	resp, err := r.bridge.Describe(ctx, &pb.DescribeRequest{Minor: wire.Minor})
	if err != nil {
		return Description{}, err
	}
	return wire.UnpackDescription(resp)
}
