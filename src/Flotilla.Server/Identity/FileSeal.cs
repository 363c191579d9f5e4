using System.Security.Cryptography;
using System.Text;
using Flotilla.Storage;

namespace Flotilla.Server.Identity;

/// <summary>
/// Seals the private keys of a directory, and of those in it: each file is encrypted with one file key, which is on disk only
/// wrapped by the unlock key, in <c>autolock</c>. That file says whether the seal is on, and is written before anything is sealed and
/// deleted after everything is open: whenever the process ends, what is sealed can be opened. What is shared by processes is on disk alone.
/// </summary>
/// <param name="keySource">Holds the file key, as <see cref="Bytes"/>, while the server is unlocked; else it is absent or holds something else.</param>
public sealed class FileSeal(string directory, string keySource)
{
    /// <summary>The file that holds the wrapped key, in the directory.</summary>
    public const string FileName = "autolock";

    private const int SecretBytes = 32;
    private const string Secret = ".key";

    // Given by the owner, and read by its path.
    private const string Given = "datastore-client.key";

    public bool IsOn => File.Exists(WrappedKeyFile);

    /// <summary>Whether this process could open the files.</summary>
    public bool IsOpen => Held() is not null;

    private string WrappedKeyFile => Path.Combine(directory, FileName);

    /// <summary>The file key as <see cref="FileSeal"/>'s key source holds it.</summary>
    public static byte[] Bytes(EncryptionKey key) => [.. key.Secret.Span, .. Encoding.ASCII.GetBytes(key.Id)];

    /// <summary>The file key; null: this is not the unlock key.</summary>
    public EncryptionKey? Unwrap(ReadOnlyMemory<byte> unlockKey)
    {
        try
        {
            return Key(Envelope.Open(FileName, File.ReadAllBytes(WrappedKeyFile), Wrapping(unlockKey)));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>The file key as it is to be on disk.</summary>
    public static byte[] Wrap(EncryptionKey fileKey, ReadOnlyMemory<byte> unlockKey) => Envelope.Seal(FileName, Bytes(fileKey), Wrapping(unlockKey));

    /// <summary>From now on it is on disk so: the unlock key that it was wrapped by opens, and no other.</summary>
    public void Keep(byte[] wrapped) => PrivateFiles.WriteAsIs(WrappedKeyFile, wrapped);

    /// <exception cref="SealedException">Nobody holds the key.</exception>
    public EncryptionKey FileKey => Held() ?? throw new SealedException(directory);

    /// <summary>Seals what is not. The seal is on.</summary>
    /// <exception cref="SealedException">Nobody holds the key.</exception>
    public void SealAll()
    {
        foreach (var path in Files())
        {
            var bytes = File.ReadAllBytes(path);
            if (!Envelope.IsSealed(bytes))
            {
                PrivateFiles.WriteAsIs(path, Close(path, bytes));
            }
        }
    }

    /// <summary>Opens everything, and the seal is off.</summary>
    /// <exception cref="SealedException">Nobody holds the key.</exception>
    public void OpenAll()
    {
        foreach (var path in Files())
        {
            var bytes = File.ReadAllBytes(path);
            if (Envelope.IsSealed(bytes))
            {
                PrivateFiles.WriteAsIs(path, Open(path, bytes));
            }
        }

        File.Delete(WrappedKeyFile);
    }

    /// <summary>The content of a file, sealed.</summary>
    /// <exception cref="SealedException">Nobody holds the key.</exception>
    public byte[] Close(string path, ReadOnlySpan<byte> content) => Envelope.Seal(PlaceOf(path), content, FileKey);

    /// <summary>The same, if a file of this name is to be sealed; else the content as it is.</summary>
    public byte[] CloseSecret(string name, byte[] content) => IsSecret(name) ? Close(Path.Combine(directory, name), content) : content;

    /// <summary>The content of a file, open.</summary>
    /// <exception cref="SealedException">It is sealed, and nobody holds the key.</exception>
    public byte[] Read(string path) => Open(path, File.ReadAllBytes(path));

    /// <summary>The content of a file; what is not sealed as it is.</summary>
    /// <exception cref="SealedException">It is sealed, and nobody holds the key.</exception>
    /// <exception cref="InvalidDataException">It is sealed with another key, or damaged.</exception>
    public byte[] Open(string path, byte[] content)
    {
        if (!Envelope.IsSealed(content))
        {
            return content;
        }

        var key = Held() ?? throw new SealedException(path);
        try
        {
            return Envelope.Open(PlaceOf(path), content, key);
        }
        catch (CryptographicException damaged)
        {
            throw new InvalidDataException($"{path} is sealed, and does not open with this directory's key: it was changed or damaged.", damaged);
        }
    }

    private static EncryptionKey Wrapping(ReadOnlyMemory<byte> unlockKey) => new("unlock", unlockKey);

    private static EncryptionKey Key(byte[] bytes) => new(Encoding.ASCII.GetString(bytes, SecretBytes, bytes.Length - SecretBytes), bytes.AsMemory(0, SecretBytes));

    private string PlaceOf(string path) => Path.GetRelativePath(directory, path);

    private static bool IsSecret(string name) => name.EndsWith(Secret, StringComparison.Ordinal) && name != Given;

    private IEnumerable<string> Files() => Directory.EnumerateFiles(directory, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 }).Where(path => IsSecret(Path.GetFileName(path)));

    private EncryptionKey? Held()
    {
        try
        {
            return File.ReadAllBytes(keySource) is { Length: > SecretBytes and < 2 * SecretBytes + 2 } bytes ? Key(bytes) : null;
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
