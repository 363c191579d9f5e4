using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Flotilla.Node.Tests.Live;

/// <summary>Debian's docker-registry on a loopback port of its own, behind a password.</summary>
internal sealed class DockerRegistry : IAsyncDisposable
{
    public const string User = "puller";
    public const string Password = "secret";

    // htpasswd -nbB puller secret
    private const string PasswordFile = "puller:$2y$05$/emKja7vcYsc7K1Aqj3QYOrWudu8eGOQE.B6PgSgWSjQafs8PmeRS\n";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(10);
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("fltr-");
    private readonly HttpClient http = new();
    private Process? process;

    public string Host { get; } = $"127.0.0.1:{FreePort()}";

    public static async Task<DockerRegistry> StartAsync(CancellationToken cancellationToken)
    {
        var registry = new DockerRegistry();
        await registry.RunAsync(cancellationToken);
        return registry;
    }

    /// <summary>Puts an image of busybox there, of which <paramref name="note"/> makes another digest.</summary>
    public async Task PushAsync(string repository, string tag, string note, CancellationToken cancellationToken)
    {
        var plain = TestImages.Layer();
        using var zipped = new MemoryStream();
        await using (var gzip = new System.IO.Compression.GZipStream(zipped, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(plain, cancellationToken);
        }
        var config = TestImages.Config(plain, note);
        var layer = zipped.ToArray();
        await UploadAsync(repository, layer, cancellationToken);
        await UploadAsync(repository, config, cancellationToken);
        const string type = "application/vnd.docker.distribution.manifest.v2+json";
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = type,
            config = new { mediaType = "application/vnd.docker.container.image.v1+json", size = config.Length, digest = Digest(config) },
            layers = new[] { new { mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip", size = layer.Length, digest = Digest(layer) } },
        });
        using var content = new ByteArrayContent(manifest);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var answer = await http.PutAsync($"/v2/{repository}/manifests/{tag}", content, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
        http.Dispose();
        directory.Delete(recursive: true);
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        http.BaseAddress = new Uri($"http://{Host}");
        http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{User}:{Password}")));
        var passwords = Path.Combine(directory.FullName, "htpasswd");
        await File.WriteAllTextAsync(passwords, PasswordFile, cancellationToken);
        var settings = Path.Combine(directory.FullName, "config.yml");
        await File.WriteAllTextAsync(settings, $$"""
            version: 0.1
            log: {level: error}
            storage:
              filesystem: {rootdirectory: "{{directory.FullName}}/data" }
            http: {addr: "{{Host}}"}
            auth:
              htpasswd: {realm: test, path: "{{passwords}}" }
            """, cancellationToken);
        process = Process.Start(new ProcessStartInfo("docker-registry", ["serve", settings]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var start = Stopwatch.GetTimestamp();
        while (!await AnswersAsync(cancellationToken))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < StartTimeout, "docker-registry does not answer");
            await Task.Delay(20, cancellationToken);
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync("/v2/", cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task UploadAsync(string repository, byte[] blob, CancellationToken cancellationToken)
    {
        using var begun = await http.PostAsync($"/v2/{repository}/blobs/uploads/", null, cancellationToken);
        begun.EnsureSuccessStatusCode();
        var place = begun.Headers.Location!.ToString();
        using var content = new ByteArrayContent(blob);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var answer = await http.PutAsync($"{place}{(place.Contains('?') ? '&' : '?')}digest={Digest(blob)}", content, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static string Digest(byte[] blob) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(blob));

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
