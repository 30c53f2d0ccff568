"""One class for each way in which published networks answer."""
