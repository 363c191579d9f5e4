using System.Security.Cryptography;

namespace Flotilla.Storage;

/// <param name="Id">Stands in the clear with what was encrypted; no colon.</param>
/// <param name="Secret">32 bytes.</param>
public sealed record EncryptionKey(string Id, ReadOnlyMemory<byte> Secret)
{
    public static EncryptionKey Create() => new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), RandomNumberGenerator.GetBytes(32));
}

/// <summary>The keys of a store: the first encrypts, all decrypt. May be used from any thread.</summary>
public sealed class EncryptionKeys(IReadOnlyList<EncryptionKey> keys)
{
    private volatile IReadOnlyList<EncryptionKey> known = keys;

    public EncryptionKey Current => known[0];

    public EncryptionKey? Find(string id) => known.FirstOrDefault(key => key.Id == id);

    /// <summary>From now on the first of these encrypts.</summary>
    public void Use(IReadOnlyList<EncryptionKey> next) => known = next;
}
