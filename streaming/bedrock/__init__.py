"""The only place that knows boto3: calls to Amazon Bedrock, told in our own words."""
