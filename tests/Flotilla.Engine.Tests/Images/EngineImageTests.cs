namespace Flotilla.Engine.Tests.Images;

public sealed class EngineImageTests
{
    [Fact]
    public void Steps_that_made_a_layer_have_its_size()
    {
        var steps = Sample.Image("docker.io/library/web:1").History();
        Assert.Equal(["COPY app", "ENV A=1", "ADD root"], steps.Select(step => (string)step!["CreatedBy"]!));
        Assert.Equal([20L, 0, 100], steps.Select(step => (long)step!["Size"]!));
        Assert.Equal([Sample.Id, "<missing>", "<missing>"], steps.Select(step => (string)step!["Id"]!));
    }

    [Fact]
    public void Names_that_are_an_id_are_nobodys_tag()
    {
        var image = Sample.Image(Sample.Id, "docker.io/library/web:1", "docker.io/library/web@" + Sample.Digest('e'));
        Assert.Equal(["docker.io/library/web:1"], image.Tags);
        Assert.Equal(["docker.io/library/web@" + Sample.Digest('e')], image.Digests);
        Assert.Equal(120, image.Size);
    }

    [Fact]
    public void Layers_are_kept_by_all_that_lies_below_them() =>
        Assert.Equal([Sample.Digest('a'), "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c"], Sample.Content.Chains);
}
