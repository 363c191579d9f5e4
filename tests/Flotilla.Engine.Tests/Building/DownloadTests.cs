using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Flotilla.Engine.Building;
using Flotilla.Engine.Dockerfiles;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Tests.Building;

public sealed class DownloadTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-download-").FullName;
    private readonly TcpListener server = new(IPAddress.Loopback, 0);

    public DownloadTests() => server.Start();

    public void Dispose()
    {
        server.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task A_file_has_the_name_its_server_says_and_is_for_its_owner_alone()
    {
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData("12345"u8));
        var serving = AnswerAsync("200 OK", "Content-Length: 5\r\nContent-Disposition: attachment; filename=\"a.txt\"\r\nLast-Modified: Fri, 01 Mar 2024 10:00:00 GMT\r\n\r\n12345");
        using var files = await GatherAsync($"ADD --checksum={digest} {Address("/x?y")} /d/");
        await serving;
        var file = Assert.Single(files.All);
        Assert.Equal(("a.txt", "12345", false), (file.Name, await File.ReadAllTextAsync(file.Path, TestContext.Current.CancellationToken), file.Unpacks));
        Assert.Equal(0x180, Native.State(file.Path)!.Mode & 0xFFF);
        Assert.Equal(new DateTime(2024, 3, 1, 10, 0, 0, DateTimeKind.Utc), File.GetLastWriteTimeUtc(file.Path));
    }

    [Theory]
    [InlineData("/x", "404 Not Found", "\r\n", "", "failed to download {0}: its server answers 404")]
    [InlineData("/", "200 OK", "Content-Length: 1\r\n\r\n1", "", "cannot determine filename for source {0}; write it as the end of the destination")]
    [InlineData("/x", "200 OK", "Content-Length: 9\r\n\r\n1", "", "failed to download {0}: ")]
    [InlineData("/x", "200 OK", "Content-Length: 1\r\n\r\n1", "--checksum=sha256:0000000000000000000000000000000000000000000000000000000000000000 ", "digest mismatch sha256:6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b: sha256:0000")]
    public async Task What_is_not_the_file_is_told(string path, string status, string rest, string flags, string reason)
    {
        var serving = AnswerAsync(status, rest);
        var wrong = await Assert.ThrowsAsync<DockerfileException>(() => GatherAsync($"ADD {flags}{Address(path)} /d/"));
        await serving;
        Assert.StartsWith(string.Format(System.Globalization.CultureInfo.InvariantCulture, reason, Address(path)), wrong.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(directory));
    }

    private string Address(string path) => $"http://127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}{path}";

    private Task<GatheredFiles> GatherAsync(string line) =>
        GatheredFiles.OfAsync(CopyInstruction.Of(Assert.Single(DockerfileParser.Parse(line).Instructions), new ShellWords('\\', _ => null), "/"), directory, TestContext.Current.CancellationToken);

    private async Task AnswerAsync(string status, string rest)
    {
        using var connection = await server.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var stream = connection.GetStream();
        var request = new byte[4096];
        for (var count = 0; !Encoding.ASCII.GetString(request, 0, count).Contains("\r\n\r\n", StringComparison.Ordinal);)
        {
            count += await stream.ReadAsync(request.AsMemory(count), TestContext.Current.CancellationToken);
        }

        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nConnection: close\r\n{rest}"), TestContext.Current.CancellationToken);
    }
}
