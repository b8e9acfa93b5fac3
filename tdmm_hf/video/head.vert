#version 330
uniform mat4 projection;
in vec3 in_position;
in vec3 in_normal;
in float in_openness;
in vec3 in_color;
in vec3 in_finish;
centroid out vec3 position;
centroid out vec3 normal;
centroid out float openness;
centroid out vec3 color;
centroid out vec3 finish;

void main() {
    gl_Position = projection * vec4(in_position, 1.0);
    position = in_position;
    normal = in_normal;
    openness = in_openness;
    color = in_color;
    finish = in_finish;
}
