using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Tests.Containers;

public sealed class ContainerStoreTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("flotilla-containers-");
    private readonly ContainerStore store;

    public ContainerStoreTests()
    {
        store = New();
        Add("abc1", "web");
        Add("abd2", "abc");
        Add("xyz3", "db");
    }

    public void Dispose() => directory.Delete(recursive: true);

    [Theory]
    [InlineData("abc1", "abc1")]
    [InlineData("abc", "abd2")]
    [InlineData("/web", "abc1")]
    [InlineData("x", "xyz3")]
    public void An_id_wins_over_a_name_and_a_name_over_the_beginning_of_an_id(string word, string id) => Assert.StartsWith(id, store.Find(word).Id, StringComparison.Ordinal);

    [Theory]
    [InlineData("nope", 404, "No such container: nope")]
    [InlineData("ab", 400, "Multiple IDs found with provided prefix: ab")]
    public void Says_what_is_not_there_or_ambiguous(string word, int code, string message)
    {
        var refused = Assert.Throws<DockerException>(() => store.Find(word));
        Assert.Equal((code, message), (refused.Code, refused.Message));
    }

    [Fact]
    public void A_name_has_one_container()
    {
        Assert.Contains("The container name \"/web\" is already in use by container \"abc1", Assert.Throws<DockerException>(() => Add("new4", "web")).Message, StringComparison.Ordinal);
        Assert.Equal(409, Assert.Throws<DockerException>(() => store.Rename(store.Find("db"), "web")).Code);
        store.Rename(store.Find("db"), "data");
        Assert.Equal("data", store.Find("xyz3").Record.Name);
        Assert.Null(store.TryFind("db"));
    }

    [Fact]
    public void The_next_process_knows_what_was_kept()
    {
        store.Find("web").Record.State.ExitCode = 7;
        store.Find("web").Record.Networks["bridge"] = new EndpointRecord { NetworkId = "n", Address = "172.17.0.2" };
        store.Find("web").Save();
        var next = New();
        next.Load();
        var read = Assert.Single(next.All).Record;
        Assert.Equal(("web", 7, "172.17.0.2"), (read.Name, read.State.ExitCode, read.Networks["bridge"].Address));
    }

    private ContainerStore New() => new(new EngineOptions { ContainerdSocket = "/nobody.sock", DataDirectory = directory.FullName });

    private void Add(string id, string name)
    {
        var full = id.PadRight(64, '0');
        store.Add(new Container(new ContainerRecord { Id = full, Name = name, Created = DateTime.UnixEpoch, Image = "i", ImageId = "i", Config = [], HostConfig = [] }, store.DirectoryOf(full)));
    }
}
