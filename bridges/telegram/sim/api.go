// SPDX-License-Identifier: Apache-2.0

package sim

// The objects of the Bot API, as https://core.telegram.org/bots/api describes them, with the fields that this
// server fills in.

type apiUser struct {
	ID        int64  `json:"id"`
	IsBot     bool   `json:"is_bot"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name,omitempty"`
	Username  string `json:"username,omitempty"`
}

type apiMe struct {
	apiUser
	CanJoinGroups           bool `json:"can_join_groups"`
	CanReadAllGroupMessages bool `json:"can_read_all_group_messages"`
	SupportsInlineQueries   bool `json:"supports_inline_queries"`
}

type apiChat struct {
	ID        int64  `json:"id"`
	Type      string `json:"type"`
	Title     string `json:"title,omitempty"`
	Username  string `json:"username,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	IsForum   bool   `json:"is_forum,omitempty"`
}

type apiChatFull struct {
	apiChat
	AccentColorID      int               `json:"accent_color_id"`
	MaxReactionCount   int               `json:"max_reaction_count"`
	LinkedChatID       int64             `json:"linked_chat_id,omitempty"`
	AvailableReactions []apiReactionType `json:"available_reactions,omitempty"`
	PinnedMessage      *apiMessage       `json:"pinned_message,omitempty"`
	Permissions        *apiPermissions   `json:"permissions,omitempty"`
	SlowModeDelay      int               `json:"slow_mode_delay,omitempty"`
}

type apiPermissions struct {
	CanSendMessages       bool `json:"can_send_messages"`
	CanSendAudios         bool `json:"can_send_audios"`
	CanSendDocuments      bool `json:"can_send_documents"`
	CanSendPhotos         bool `json:"can_send_photos"`
	CanSendVideos         bool `json:"can_send_videos"`
	CanSendVideoNotes     bool `json:"can_send_video_notes"`
	CanSendVoiceNotes     bool `json:"can_send_voice_notes"`
	CanSendPolls          bool `json:"can_send_polls"`
	CanSendOtherMessages  bool `json:"can_send_other_messages"`
	CanAddWebPagePreviews bool `json:"can_add_web_page_previews"`
	CanInviteUsers        bool `json:"can_invite_users"`
	CanPinMessages        bool `json:"can_pin_messages"`
	CanChangeInfo         bool `json:"can_change_info"`
	CanManageTopics       bool `json:"can_manage_topics"`
}

func permissions(all bool) *apiPermissions {
	return &apiPermissions{
		CanSendMessages: all, CanSendAudios: all, CanSendDocuments: all, CanSendPhotos: all, CanSendVideos: all,
		CanSendVideoNotes: all, CanSendVoiceNotes: all, CanSendPolls: all, CanSendOtherMessages: all,
		CanAddWebPagePreviews: all, CanInviteUsers: all,
	}
}

type apiMessage struct {
	MessageID       int64       `json:"message_id"`
	MessageThreadID int64       `json:"message_thread_id,omitempty"`
	From            *apiUser    `json:"from,omitempty"`
	SenderChat      *apiChat    `json:"sender_chat,omitempty"`
	Date            int64       `json:"date"`
	Chat            apiChat     `json:"chat"`
	ForwardOrigin   *apiOrigin  `json:"forward_origin,omitempty"`
	IsTopicMessage  bool        `json:"is_topic_message,omitempty"`
	IsAutoForward   bool        `json:"is_automatic_forward,omitempty"`
	ReplyTo         *apiMessage `json:"reply_to_message,omitempty"`
	Quote           *apiQuote   `json:"quote,omitempty"`
	EditDate        int64       `json:"edit_date,omitempty"`
	MediaGroupID    string      `json:"media_group_id,omitempty"`
	Text            string      `json:"text,omitempty"`
	Entities        []entity    `json:"entities,omitempty"`
	Caption         string      `json:"caption,omitempty"`
	CaptionEntities []entity    `json:"caption_entities,omitempty"`
	*apiMedia
	*apiOther
	*apiService
}

type apiMedia struct {
	Photo     []apiFile `json:"photo,omitempty"`
	Video     *apiFile  `json:"video,omitempty"`
	Animation *apiFile  `json:"animation,omitempty"`
	Audio     *apiFile  `json:"audio,omitempty"`
	Voice     *apiFile  `json:"voice,omitempty"`
	VideoNote *apiFile  `json:"video_note,omitempty"`
	Document  *apiFile  `json:"document,omitempty"`
	Sticker   *apiFile  `json:"sticker,omitempty"`
}

// apiOther holds what is neither text nor file.
type apiOther struct {
	Location *apiLocation `json:"location,omitempty"`
	Venue    *apiVenue    `json:"venue,omitempty"`
	Contact  *apiContact  `json:"contact,omitempty"`
	Dice     *apiDice     `json:"dice,omitempty"`
	Poll     *apiPoll     `json:"poll,omitempty"`
}

type apiLocation struct {
	Latitude    float64 `json:"latitude"`
	Longitude   float64 `json:"longitude"`
	Accuracy    float64 `json:"horizontal_accuracy,omitempty"`
	LivePeriod  int     `json:"live_period,omitempty"`
	Heading     int     `json:"heading,omitempty"`
	AlertRadius int     `json:"proximity_alert_radius,omitempty"`
}

type apiVenue struct {
	Location apiLocation `json:"location"`
	Title    string      `json:"title"`
	Address  string      `json:"address"`
}

type apiContact struct {
	PhoneNumber string `json:"phone_number"`
	FirstName   string `json:"first_name"`
	LastName    string `json:"last_name,omitempty"`
	VCard       string `json:"vcard,omitempty"`
}

type apiDice struct {
	Emoji string `json:"emoji"`
	Value int    `json:"value"`
}

type apiPoll struct {
	ID              string          `json:"id"`
	Question        string          `json:"question"`
	Options         []apiPollOption `json:"options"`
	TotalVoterCount int             `json:"total_voter_count"`
	IsClosed        bool            `json:"is_closed"`
	IsAnonymous     bool            `json:"is_anonymous"`
	Type            string          `json:"type"`
	MultipleAnswers bool            `json:"allows_multiple_answers"`
}

type apiPollOption struct {
	Text       string `json:"text"`
	VoterCount int    `json:"voter_count"`
}

type apiPollAnswer struct {
	PollID    string  `json:"poll_id"`
	User      apiUser `json:"user"`
	OptionIDs []int   `json:"option_ids"`
}

type apiFile struct {
	FileID       string `json:"file_id"`
	FileUniqueID string `json:"file_unique_id"`
	FileSize     int64  `json:"file_size,omitempty"`
	FileName     string `json:"file_name,omitempty"`
	MIME         string `json:"mime_type,omitempty"`
	FilePath     string `json:"file_path,omitempty"`
	Width        *int   `json:"width,omitempty"`
	Height       *int   `json:"height,omitempty"`
	Length       *int   `json:"length,omitempty"`
	Duration     *int   `json:"duration,omitempty"`
	Type         string `json:"type,omitempty"`
	IsAnimated   *bool  `json:"is_animated,omitempty"`
	IsVideo      *bool  `json:"is_video,omitempty"`
}

// apiService holds what a service message tells; at most one group of fields is set.
type apiService struct {
	NewChatMembers    []apiUser   `json:"new_chat_members,omitempty"`
	LeftChatMember    *apiUser    `json:"left_chat_member,omitempty"`
	NewChatTitle      string      `json:"new_chat_title,omitempty"`
	NewChatPhoto      []apiFile   `json:"new_chat_photo,omitempty"`
	DeleteChatPhoto   bool        `json:"delete_chat_photo,omitempty"`
	GroupChatCreated  bool        `json:"group_chat_created,omitempty"`
	MigrateToChatID   int64       `json:"migrate_to_chat_id,omitempty"`
	MigrateFromChatID int64       `json:"migrate_from_chat_id,omitempty"`
	PinnedMessage     *apiMessage `json:"pinned_message,omitempty"`
	VideoChatStarted  *apiMarker  `json:"video_chat_started,omitempty"`
	VideoChatEnded    *apiCallEnd `json:"video_chat_ended,omitempty"`
	TopicCreated      *apiTopic   `json:"forum_topic_created,omitempty"`
	TopicEdited       *apiTopic   `json:"forum_topic_edited,omitempty"`
	TopicClosed       *apiMarker  `json:"forum_topic_closed,omitempty"`
	TopicReopened     *apiMarker  `json:"forum_topic_reopened,omitempty"`
	GeneralHidden     *apiMarker  `json:"general_forum_topic_hidden,omitempty"`
	GeneralUnhidden   *apiMarker  `json:"general_forum_topic_unhidden,omitempty"`
}

type apiMarker struct{}

type apiCallEnd struct {
	Duration int `json:"duration"`
}

type apiTopic struct {
	Name            string `json:"name"`
	IconColor       int    `json:"icon_color"`
	MessageThreadID int64  `json:"message_thread_id,omitempty"`
}

type apiOrigin struct {
	Type           string   `json:"type"`
	Date           int64    `json:"date"`
	SenderUser     *apiUser `json:"sender_user,omitempty"`
	SenderUserName string   `json:"sender_user_name,omitempty"`
	SenderChat     *apiChat `json:"sender_chat,omitempty"`
	Chat           *apiChat `json:"chat,omitempty"`
	MessageID      int64    `json:"message_id,omitempty"`
}

type apiQuote struct {
	Text     string   `json:"text"`
	Entities []entity `json:"entities,omitempty"`
	Position int      `json:"position"`
	IsManual bool     `json:"is_manual,omitempty"`
}

type apiReactionType struct {
	Type  string `json:"type"`
	Emoji string `json:"emoji,omitempty"`
}

type apiReaction struct {
	Chat        apiChat           `json:"chat"`
	MessageID   int64             `json:"message_id"`
	User        *apiUser          `json:"user,omitempty"`
	Date        int64             `json:"date"`
	OldReaction []apiReactionType `json:"old_reaction"`
	NewReaction []apiReactionType `json:"new_reaction"`
}

type apiReactionCount struct {
	Chat      apiChat         `json:"chat"`
	MessageID int64           `json:"message_id"`
	Date      int64           `json:"date"`
	Reactions []apiEmojiCount `json:"reactions"`
}

type apiEmojiCount struct {
	Type  apiReactionType `json:"type"`
	Total int             `json:"total_count"`
}

type apiMember struct {
	Status      string  `json:"status"`
	User        apiUser `json:"user"`
	IsAnonymous *bool   `json:"is_anonymous,omitempty"`
	IsMember    *bool   `json:"is_member,omitempty"`
	UntilDate   *int64  `json:"until_date,omitempty"`
	CanBeEdited *bool   `json:"can_be_edited,omitempty"`
	// The rights that both admins and restricted members have or lack.
	CanChangeInfo   *bool `json:"can_change_info,omitempty"`
	CanInviteUsers  *bool `json:"can_invite_users,omitempty"`
	CanPinMessages  *bool `json:"can_pin_messages,omitempty"`
	CanManageTopics *bool `json:"can_manage_topics,omitempty"`
	*adminRights
	*apiPermissions
}

type adminRights struct {
	CanManageChat       bool `json:"can_manage_chat"`
	CanDeleteMessages   bool `json:"can_delete_messages"`
	CanManageVideoChats bool `json:"can_manage_video_chats"`
	CanRestrictMembers  bool `json:"can_restrict_members"`
	CanPromoteMembers   bool `json:"can_promote_members"`
}

type apiMemberUpdated struct {
	Chat apiChat   `json:"chat"`
	From apiUser   `json:"from"`
	Date int64     `json:"date"`
	Old  apiMember `json:"old_chat_member"`
	New  apiMember `json:"new_chat_member"`
}

type apiCommand struct {
	Command     string `json:"command"`
	Description string `json:"description"`
}

type apiWebhookInfo struct {
	URL                  string   `json:"url"`
	HasCustomCertificate bool     `json:"has_custom_certificate"`
	PendingUpdateCount   int      `json:"pending_update_count"`
	AllowedUpdates       []string `json:"allowed_updates,omitempty"`
}

// apiAnswer is the envelope of every answer.
type apiAnswer struct {
	OK          bool           `json:"ok"`
	Result      any            `json:"result,omitempty"`
	ErrorCode   int            `json:"error_code,omitempty"`
	Description string         `json:"description,omitempty"`
	Parameters  *apiParameters `json:"parameters,omitempty"`
}

type apiParameters struct {
	RetryAfter      int   `json:"retry_after,omitempty"`
	MigrateToChatID int64 `json:"migrate_to_chat_id,omitempty"`
}
