using System.Security.Cryptography;
using System.Text;

namespace Flotilla.Storage;

/// <summary>
/// A value under AES-256-GCM: <c>0x01 idLength id salt(32) nonce(12) tag(16) ciphertext</c>. Each value has a key of its
/// own, derived from the named one and the salt, so no number of writes exhausts a key's nonces. The storage key is
/// authenticated with it: a value copied to another key does not open.
/// </summary>
public static class Envelope
{
    private const byte Version = 1;
    private const int SaltBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int KeyBytes = 32;

    /// <summary>Values are JSON otherwise, and files text: neither begins with this byte.</summary>
    public static bool IsSealed(ReadOnlySpan<byte> value) => value.Length > 0 && value[0] == Version;

    /// <summary>Of the key that the value is under.</summary>
    public static string KeyIdOf(ReadOnlySpan<byte> value) => Encoding.ASCII.GetString(value.Slice(2, value[1]));

    /// <param name="storageKey">Where the value is kept; it opens nowhere else.</param>
    public static byte[] Seal(string storageKey, ReadOnlySpan<byte> plain, EncryptionKey key)
    {
        var header = 2 + key.Id.Length;
        var value = new byte[header + SaltBytes + NonceBytes + TagBytes + plain.Length];
        value[0] = Version;
        value[1] = (byte)key.Id.Length;
        Encoding.ASCII.GetBytes(key.Id, value.AsSpan(2));
        RandomNumberGenerator.Fill(value.AsSpan(header, SaltBytes + NonceBytes));
        var parts = Parts.Of(value);
        using var cipher = Cipher(key, parts.Salt(value));
        cipher.Encrypt(parts.Nonce(value), plain, value.AsSpan(parts.Body), value.AsSpan(parts.Tag, TagBytes), Encoding.UTF8.GetBytes(storageKey));
        return value;
    }

    /// <exception cref="CryptographicException">Another key, another place, or changed bytes.</exception>
    public static byte[] Open(string storageKey, ReadOnlySpan<byte> value, EncryptionKey key)
    {
        var parts = Parts.Of(value);
        if (value.Length < parts.Body)
        {
            throw new CryptographicException("The envelope is cut short.");
        }

        var plain = new byte[value.Length - parts.Body];
        using var cipher = Cipher(key, parts.Salt(value));
        cipher.Decrypt(parts.Nonce(value), value[parts.Body..], value.Slice(parts.Tag, TagBytes), plain, Encoding.UTF8.GetBytes(storageKey));
        return plain;
    }

    private static AesGcm Cipher(EncryptionKey key, ReadOnlySpan<byte> salt)
    {
        Span<byte> derived = stackalloc byte[KeyBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Secret.Span, derived, salt, "flotilla storage"u8);
        return new AesGcm(derived, TagBytes);
    }

    private readonly record struct Parts(int Start)
    {
        public int Tag => Start + SaltBytes + NonceBytes;

        public int Body => Tag + TagBytes;

        public static Parts Of(ReadOnlySpan<byte> value) => new(2 + value[1]);

        public ReadOnlySpan<byte> Salt(ReadOnlySpan<byte> value) => value.Slice(Start, SaltBytes);

        public ReadOnlySpan<byte> Nonce(ReadOnlySpan<byte> value) => value.Slice(Start + SaltBytes, NonceBytes);
    }
}
