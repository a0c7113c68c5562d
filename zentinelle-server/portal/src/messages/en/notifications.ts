export const notifications = {
  "notice.lead": "What was sent to you. Opening one marks it as read and leads to the record it is about.",
  "notice.subject": "Subject",
  "notice.message": "Message",
  "notice.received": "Received",
  "notice.none": "Nothing for you",
  "notice.none.text": "Approvals, alerts, incidents and reviews that concern you appear here.",
  "notice.markRead": "Mark as read",
  "notice.markUnread": "Mark as unread",
  "notice.allRead": "All marked as read",
  "word.unread": "Unread",
  "word.read": "Read",
} as const;
