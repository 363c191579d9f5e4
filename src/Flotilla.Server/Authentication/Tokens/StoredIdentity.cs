using System.Globalization;
using System.Text.Json;

namespace Flotilla.Server.Authentication.Tokens;

/// <summary>Of a stored object only what a token is bound to, read without building a tree.</summary>
internal readonly record struct StoredIdentity(string? Uid, DateTimeOffset? Deleted)
{
    public static StoredIdentity Read(ReadOnlySpan<byte> stored)
    {
        var reader = new Utf8JsonReader(stored);
        var (uid, deleted) = ((string?)null, (DateTimeOffset?)null);
        while (reader.Read())
        {
            if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && !reader.ValueTextEquals("metadata"u8))
            {
                reader.Skip();
            }
            else if (reader.CurrentDepth == 2 && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isUid, isDeleted) = (reader.ValueTextEquals("uid"u8), reader.ValueTextEquals("deletionTimestamp"u8));
                reader.Read();
                if (isUid)
                {
                    uid = reader.GetString();
                }
                else if (isDeleted && DateTimeOffset.TryParse(reader.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                {
                    deleted = time;
                }

                reader.Skip();
            }
            else if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.EndObject)
            {
                // The end of metadata, which is all that matters here.
                break;
            }
        }

        return new StoredIdentity(uid, deleted);
    }
}
