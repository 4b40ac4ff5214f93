// SPDX-License-Identifier: Apache-2.0

// Command causeway-bridge-telegram is the plugin process that runs one Telegram bot account. The router starts it.
package main

import (
	"github.com/causeway-chat/causeway/bridges/telegram"
	"github.com/causeway-chat/causeway/plugins/sdk"
)

func main() { sdk.Serve(telegram.New()) }
