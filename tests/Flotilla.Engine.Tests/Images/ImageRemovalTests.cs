using Flotilla.Docker;
using Flotilla.Engine.Images;

namespace Flotilla.Engine.Tests.Images;

public sealed class ImageRemovalTests
{
    private const string One = "docker.io/library/web:1";
    private const string Two = "docker.io/library/web:2";
    private const string Other = "docker.io/team/web:1";
    private static readonly string Pulled = "docker.io/library/web@" + Sample.Digest('e');
    private static readonly ImageUser Running = new(new string('1', 64), true);
    private static readonly ImageUser Stopped = new(new string('2', 64), false);

    [Fact]
    public void The_only_name_takes_the_image_with_it_and_the_digest_it_came_with()
    {
        var removal = ImageRemoval.For(Sample.Image(One, Pulled, Sample.Id), "web:1", force: false, []);
        Assert.Equal([One, Pulled], removal.Untagged);
        Assert.True(removal.Deletes);
    }

    [Fact]
    public void One_name_of_several_goes_alone_whoever_uses_the_image()
    {
        var removal = ImageRemoval.For(Sample.Image(One, Two, Pulled), "web:1", force: false, [Running]);
        Assert.Equal([One], removal.Untagged);
        Assert.False(removal.Deletes);
    }

    [Fact]
    public void The_last_name_of_one_in_use_must_be_forced() => Refuses(
        "conflict: unable to remove repository reference \"web:1\" (must force) - container 222222222222 is using its referenced image aaaabbbbcccc",
        () => ImageRemoval.For(Sample.Image(One), "web:1", force: false, [Stopped]));

    [Fact]
    public void Forced_the_last_name_of_one_that_runs_goes_and_the_image_stays()
    {
        var removal = ImageRemoval.For(Sample.Image(One), "web:1", force: true, [Running]);
        Assert.Equal([One], removal.Untagged);
        Assert.False(removal.Deletes);
    }

    [Fact]
    public void An_id_takes_all_names_of_one_repository() => Assert.Equal([One, Pulled], ImageRemoval.For(Sample.Image(One, Pulled), "aaaabb", force: false, []).Untagged);

    [Theory]
    [InlineData(Two)]
    [InlineData(Other)]
    public void An_id_with_several_tags_must_be_forced(string second)
    {
        Refuses("conflict: unable to delete aaaabbbbcccc (must be forced) - image is referenced in multiple repositories", () => ImageRemoval.For(Sample.Image(One, second), Sample.Id, force: false, []));
        Assert.Equal(2, ImageRemoval.For(Sample.Image(One, second), Sample.Id, force: true, []).Untagged.Count);
    }

    [Fact]
    public void By_its_id_one_that_runs_never_goes_and_one_that_stands_must_be_forced()
    {
        Refuses("conflict: unable to delete aaaabbbbcccc (cannot be forced) - image is being used by running container 111111111111", () => ImageRemoval.For(Sample.Image(One), Sample.Id, force: true, [Stopped, Running]));
        Refuses("conflict: unable to delete aaaabbbbcccc (must be forced) - image is being used by stopped container 222222222222", () => ImageRemoval.For(Sample.Image(One), Sample.Id, force: false, [Stopped]));
        Assert.True(ImageRemoval.For(Sample.Image(One), Sample.Id, force: true, [Stopped]).Deletes);
    }

    private static void Refuses(string message, Action act)
    {
        var refused = Assert.Throws<DockerException>(act);
        Assert.Equal((409, message), (refused.Code, refused.Message));
    }
}
