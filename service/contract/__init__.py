"""What the JSON of the HTTP API says, and the words that the API and its workers share."""
