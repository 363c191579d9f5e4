using System.Security.Cryptography.X509Certificates;
using Flotilla.Client.Joining;

namespace Flotilla.Node.Joining;

/// <summary>
/// What a joined machine keeps of its cluster: the authorities it trusts, and its certificates as a client and as a server,
/// each with its key in one file that is replaced as a whole. May be used from any thread.
/// </summary>
public sealed class NodeIdentity
{
    private const string AuthorityFile = "ca.crt";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string directory;
    private volatile X509Certificate2? client;
    private CancellationTokenSource replaced = new();
    private volatile X509Certificate2? serving;
    private volatile X509Certificate2Collection? authorities;
    private CancellationTokenSource otherAuthorities = new();

    public NodeIdentity(string directory)
    {
        this.directory = directory;
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        client = Load("client.pem");
        serving = Load("serving.pem");
        Generation = new KnownGeneration(directory);
        authorities = File.Exists(PathOf(AuthorityFile)) ? FromPem(File.ReadAllText(PathOf(AuthorityFile))) : null;
    }

    /// <summary>That of which this machine's certificates are to be first: while the cluster's authority is rotated, there are two. Another object after each change. Null: this machine has not joined.</summary>
    public X509Certificate2Collection? Authorities => authorities;

    /// <summary>Cancelled when <see cref="Authorities"/> give way to others.</summary>
    public CancellationToken AuthoritiesReplaced => otherAuthorities.Token;

    public X509Certificate2? Client => client;

    public X509Certificate2? Serving => serving;

    /// <summary>Cancelled when <see cref="Client"/> gives way to the next: connections that it opened should too.</summary>
    public CancellationToken ClientReplaced => replaced.Token;

    /// <summary>Of the clusters that were one, the one that this machine is of.</summary>
    public KnownGeneration Generation { get; }

    /// <summary>Where the servers are remembered.</summary>
    public string ServersFile => PathOf("servers");

    /// <param name="trusted">Not empty.</param>
    public void SetAuthorities(X509Certificate2Collection trusted)
    {
        Write(AuthorityFile, trusted.ExportCertificatePems() + "\n");
        authorities = trusted;
        Interlocked.Exchange(ref otherAuthorities, new CancellationTokenSource()).Cancel();
    }

    /// <summary>Authorities as they are published.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is no PEM of certificates.</exception>
    public static X509Certificate2Collection FromPem(string pem)
    {
        var found = new X509Certificate2Collection();
        found.ImportFromPem(pem);
        return found;
    }

    /// <summary>Whether a certificate is of the authority that it is to be of, whenever it holds.</summary>
    public bool IsOfFirst(X509Certificate2 certificate) => authorities is [var first, ..] && IsOf(certificate, first);

    /// <summary>What is to be told of it to the cluster; null: this machine has not joined, or has no certificate for its server yet.</summary>
    public NodeTrust? Trust => authorities is { } trusted && client is { } own && serving is { } shown
        ? new NodeTrust([.. trusted.Select(JoinToken.HashOf)], trusted.FirstOrDefault(authority => IsOf(own, authority) && IsOf(shown, authority)) is { } both ? JoinToken.HashOf(both) : "")
        : null;

    /// <param name="pem">Certificate and key.</param>
    public void SetClient(string pem)
    {
        Write("client.pem", pem);
        client = Load("client.pem");
        Interlocked.Exchange(ref replaced, new CancellationTokenSource()).Cancel();
    }

    public void SetServing(string pem)
    {
        Write("serving.pem", pem);
        serving = Load("serving.pem");
    }

    /// <summary>As a machine that never joined.</summary>
    public void Forget()
    {
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            File.Delete(file);
        }

        Generation.Forget();
        (client, serving, authorities) = (null, null, null);
    }

    /// <summary>The files of one that is a server of its cluster from now on, whose authority they share.</summary>
    public static IReadOnlyList<string> OwnFiles { get; } = ["client.pem", "serving.pem", "servers"];

    private static bool IsOf(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        return chain.Build(certificate);
    }

    private X509Certificate2? Load(string name)
    {
        if (!File.Exists(PathOf(name)))
        {
            return null;
        }

        var pem = File.ReadAllText(PathOf(name));
        return X509Certificate2.CreateFromPem(pem, pem);
    }

    private void Write(string name, string content)
    {
        var temporary = PathOf($".{name}.new");
        File.Delete(temporary);
        using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        {
            using (var writer = new StreamWriter(file, leaveOpen: true))
            {
                writer.Write(content);
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, PathOf(name), overwrite: true);
    }

    private string PathOf(string name) => Path.Combine(directory, name);
}
