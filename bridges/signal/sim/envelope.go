// SPDX-License-Identifier: Apache-2.0

package sim

// The objects that signal-cli writes for what it receives. Fields that are always there have no omitempty.

type envelope struct {
	Source          string  `json:"source"`
	SourceNumber    *string `json:"sourceNumber"`
	SourceUUID      string  `json:"sourceUuid"`
	SourceName      string  `json:"sourceName"`
	SourceDevice    int     `json:"sourceDevice"`
	Timestamp       uint64  `json:"timestamp"`
	ServerReceived  uint64  `json:"serverReceivedTimestamp"`
	ServerDelivered uint64  `json:"serverDeliveredTimestamp"`

	Edit    *editMessage    `json:"editMessage,omitempty"`
	Data    *dataMessage    `json:"dataMessage,omitempty"`
	Story   *storyMessage   `json:"storyMessage,omitempty"`
	Sync    *syncMessage    `json:"syncMessage,omitempty"`
	Call    *callMessage    `json:"callMessage,omitempty"`
	Receipt *receiptMessage `json:"receiptMessage,omitempty"`
	Typing  *typingMessage  `json:"typingMessage,omitempty"`
}

type editMessage struct {
	Target uint64       `json:"targetSentTimestamp"`
	Data   *dataMessage `json:"dataMessage"`
}

type dataMessage struct {
	Timestamp     uint64           `json:"timestamp"`
	Message       *string          `json:"message"`
	Expires       int              `json:"expiresInSeconds"`
	IsExpiration  bool             `json:"isExpirationUpdate"`
	ViewOnce      bool             `json:"viewOnce"`
	Reaction      *reactionData    `json:"reaction,omitempty"`
	Quote         *quoteData       `json:"quote,omitempty"`
	Mentions      []mentionData    `json:"mentions,omitempty"`
	Previews      []previewData    `json:"previews,omitempty"`
	Attachments   []attachmentData `json:"attachments,omitempty"`
	Sticker       *stickerData     `json:"sticker,omitempty"`
	RemoteDelete  *deleteData      `json:"remoteDelete,omitempty"`
	AdminDelete   *targetData      `json:"adminDelete,omitempty"`
	Contacts      []contactData    `json:"contacts,omitempty"`
	TextStyles    []styleData      `json:"textStyles,omitempty"`
	Group         *groupData       `json:"groupInfo,omitempty"`
	StoryContext  *storyContext    `json:"storyContext,omitempty"`
	PollCreate    *pollCreateData  `json:"pollCreate,omitempty"`
	PollVote      *pollVoteData    `json:"pollVote,omitempty"`
	PollTerminate *pollEndData     `json:"pollTerminate,omitempty"`
	Pin           *pinData         `json:"pinMessage,omitempty"`
	Unpin         *targetData      `json:"unpinMessage,omitempty"`
}

type targetData struct {
	Author    string  `json:"targetAuthor"`
	Number    *string `json:"targetAuthorNumber"`
	UUID      string  `json:"targetAuthorUuid"`
	Timestamp uint64  `json:"targetSentTimestamp"`
}

type reactionData struct {
	Emoji string `json:"emoji"`
	targetData
	IsRemove bool `json:"isRemove"`
}

type quoteData struct {
	ID          uint64                `json:"id"`
	Author      string                `json:"author"`
	Number      *string               `json:"authorNumber"`
	UUID        string                `json:"authorUuid"`
	Text        *string               `json:"text"`
	Attachments []quoteAttachmentData `json:"attachments"`
}

type quoteAttachmentData struct {
	ContentType string  `json:"contentType"`
	Filename    *string `json:"filename"`
}

type mentionData struct {
	Name   string  `json:"name"`
	Number *string `json:"number"`
	UUID   string  `json:"uuid"`
	Start  int     `json:"start"`
	Length int     `json:"length"`
}

type styleData struct {
	Style  string `json:"style"`
	Start  int    `json:"start"`
	Length int    `json:"length"`
}

type previewData struct {
	URL         string          `json:"url"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Image       *attachmentData `json:"image"`
}

type attachmentData struct {
	ContentType string  `json:"contentType"`
	Filename    *string `json:"filename"`
	ID          string  `json:"id"`
	Size        int64   `json:"size"`
	Width       *int    `json:"width"`
	Height      *int    `json:"height"`
	Caption     *string `json:"caption"`
	Uploaded    uint64  `json:"uploadTimestamp"`
}

type stickerData struct {
	Pack string `json:"packId"`
	ID   int    `json:"stickerId"`
}

type deleteData struct {
	Timestamp uint64 `json:"timestamp"`
}

type contactData struct {
	Name   contactName    `json:"name"`
	Phones []contactPhone `json:"phone"`
}

type contactName struct {
	Display *string `json:"nickname"`
	Given   string  `json:"given"`
	Family  string  `json:"family"`
	Prefix  *string `json:"prefix"`
	Suffix  *string `json:"suffix"`
	Middle  *string `json:"middle"`
}

type contactPhone struct {
	Value string  `json:"value"`
	Type  string  `json:"type"`
	Label *string `json:"label"`
}

type groupData struct {
	ID       string `json:"groupId"`
	Name     string `json:"groupName"`
	Revision int    `json:"revision"`
	Type     string `json:"type"` // DELIVER or UPDATE
}

type storyContext struct {
	AuthorNumber *string `json:"authorNumber"`
	AuthorUUID   string  `json:"authorUuid"`
	Timestamp    uint64  `json:"sentTimestamp"`
}

type pollCreateData struct {
	Question string   `json:"question"`
	Multiple bool     `json:"allowMultiple"`
	Options  []string `json:"options"`
}

type pollVoteData struct {
	Author    string  `json:"author"`
	Number    *string `json:"authorNumber"`
	UUID      string  `json:"authorUuid"`
	Timestamp uint64  `json:"targetSentTimestamp"`
	Options   []int   `json:"optionIndexes"`
	Count     int     `json:"voteCount"`
}

type pollEndData struct {
	Timestamp uint64 `json:"targetSentTimestamp"`
}

type pinData struct {
	targetData
	Duration int `json:"pinDurationSeconds"`
}

type receiptMessage struct {
	When       uint64   `json:"when"`
	IsDelivery bool     `json:"isDelivery"`
	IsRead     bool     `json:"isRead"`
	IsViewed   bool     `json:"isViewed"`
	Timestamps []uint64 `json:"timestamps"`
}

type typingMessage struct {
	Action    string  `json:"action"`
	Timestamp uint64  `json:"timestamp"`
	Group     *string `json:"groupId,omitempty"`
}

type callMessage struct {
	Offer  *callOffer  `json:"offerMessage,omitempty"`
	Hangup *callHangup `json:"hangupMessage,omitempty"`
}

type callOffer struct {
	ID     uint64 `json:"id"`
	Type   string `json:"type"` // AUDIO_CALL or VIDEO_CALL
	Opaque string `json:"opaque"`
}

type callHangup struct {
	ID     uint64 `json:"id"`
	Type   string `json:"type"` // NORMAL, ACCEPTED, DECLINED, BUSY, NEED_PERMISSION
	Device int    `json:"deviceId"`
}

type storyMessage struct {
	AllowsReplies bool       `json:"allowsReplies"`
	GroupID       *string    `json:"groupId"`
	Text          *storyText `json:"textAttachment,omitempty"`
}

type storyText struct {
	Text string `json:"text"`
}

type syncMessage struct {
	Sent *sentMessage  `json:"sentMessage,omitempty"`
	Read []readMessage `json:"readMessages,omitempty"`
}

type sentMessage struct {
	Destination       *string `json:"destination"`
	DestinationNumber *string `json:"destinationNumber"`
	DestinationUUID   *string `json:"destinationUuid"`
	*dataMessage
	Edit *editMessage `json:"editMessage,omitempty"`
}

type readMessage struct {
	Sender    string  `json:"sender"`
	Number    *string `json:"senderNumber"`
	UUID      string  `json:"senderUuid"`
	Timestamp uint64  `json:"timestamp"`
}

// problem stands beside an envelope that could not be read.
type problem struct {
	Message string `json:"message"`
	Type    string `json:"type"`
}

// orNull is nil for nothing.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
