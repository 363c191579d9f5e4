namespace Flotilla.Client.Joining;

/// <summary>The keys that all servers share and that may be exchanged while they run.</summary>
public static class ServerKeys
{
    /// <summary>Behind it the name of a file; a PUT of its new content, by an administrator.</summary>
    public const string Path = "/flotilla/v1/keys/";

    public const string Encryption = "encryption.key";

    public const string Tokens = "service-accounts.key";
}
